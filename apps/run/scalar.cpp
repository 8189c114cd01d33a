#include "apps/run/scalar.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/run/json_text.h"

namespace apps {

std::optional<double> value_of(std::span<const Measured> measured, std::string_view name) {
  for (const auto& [scalar, value] : measured)
    if (scalar.name == name) return value;
  return std::nullopt;
}

std::string headlines(std::span<const Measured> measured, std::string_view between) {
  std::string text;
  for (const auto& [scalar, value] : measured) {
    if (scalar.headline) text += fmt::format("{}{} {:.4f}", text.empty() ? "" : between, scalar.name, value);
  }
  return text;
}

std::string scalars_json(std::span<const Measured> measured) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& [scalar, value] : measured) {
    nlohmann::ordered_json entry{{"name", scalar.name}, {"axis", scalar.axis.label}};
    if (scalar.axis.min) entry["min"] = *scalar.axis.min;
    if (scalar.axis.max) entry["max"] = *scalar.axis.max;
    if (scalar.headline) entry["headline"] = true;
    json.push_back(std::move(entry));
  }
  return json_text(json, 1) + "\n";
}

}  // namespace apps
