#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace apps {

/// The JSON as text: one line, or indented by `indent` spaces. File names need not be UTF-8, but JSON must be: invalid
/// bytes become U+FFFD, so that no exception is thrown after all the work.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

/// For people: a text without quotes; another value as JSON.
std::string plain_text(const nlohmann::json& value);
std::string plain_text(const nlohmann::ordered_json& value);

}  // namespace apps
