#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace engine {

/// How many arrays and objects may stand within each other in JSON that we read. Our own files need 4.
constexpr int kDeepestJson = 64;

/// Whether a text nests deeper than that: what copies, prints or destroys such a value calls itself once a level, until
/// the stack ends. Takes any bytes, and needs no stack itself.
bool json_is_too_deep(std::string_view text);

/// The value of a JSON text, as nlohmann::json or nlohmann::ordered_json. What is not JSON, or nests too deeply,
/// becomes a discarded value: `is_discarded()`, and every `at` throws. All JSON that we read comes through here or is
/// looked at by `json_is_too_deep` first.
template <class Json>
Json parse_json(std::string_view text);

/// The whole number that a value is; nothing for anything else, such as 1.5, 1e300, 2^63 or true. (`get` would
/// convert.)
std::optional<std::int64_t> whole_number(const nlohmann::json& value);

}  // namespace engine
