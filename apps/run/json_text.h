#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace apps {

/// The JSON as text: one line, or indented by so many spaces. Names of files and directories need not be UTF-8, and
/// JSON must be: bytes that are not become U+FFFD instead of an exception at the end of all work.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace apps
