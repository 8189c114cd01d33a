#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace engine {

/// The deepest nesting of arrays and objects in JSON that we read. Our own files need 4.
constexpr int kDeepestJson = 64;

/// Whether a text is nested more deeply than that. Copying, printing or destroying such a value recurses once per level
/// and would overflow the stack. Accepts any bytes and does not recurse itself.
bool json_is_too_deep(std::string_view text);

/// Parses JSON as nlohmann::json or nlohmann::ordered_json. Invalid or too deeply nested text becomes a discarded
/// value: `is_discarded()` is true and every `at` throws. All JSON that we read passes through here or is checked with
/// `json_is_too_deep` first.
template <class Json>
Json parse_json(std::string_view text);

/// The whole number of a value; nothing for anything else, such as 1.5, 1e300, 2^63 or true (`get` would convert them).
std::optional<std::int64_t> whole_number(const nlohmann::json& value);

}  // namespace engine
