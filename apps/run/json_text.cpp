#include "apps/run/json_text.h"

#include <nlohmann/json.hpp>

namespace apps {
namespace {

template <class Json>
std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

template <class Json>
std::string unquoted(const Json& value) {
  return value.is_string() ? value.template get<std::string>() : json_text(value);
}

}  // namespace

std::string json_text(const nlohmann::json& json, int indent) { return text_of(json, indent); }
std::string json_text(const nlohmann::ordered_json& json, int indent) { return text_of(json, indent); }

std::string plain_text(const nlohmann::json& value) { return unquoted(value); }
std::string plain_text(const nlohmann::ordered_json& value) { return unquoted(value); }

}  // namespace apps
