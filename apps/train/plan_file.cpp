#include "apps/train/plan_file.h"

#include <nlohmann/json.hpp>

#include "engine/io/json.h"
#include "kernels/runtime/error.h"

namespace apps {

using Json = nlohmann::ordered_json;

std::string plan_text(const std::string& made_for, const PlanChoices& choices) {
  return Json{{"made_for", Json::parse(made_for)}, {"choices", choices}}.dump(2) + "\n";
}

PlanChoices parse_plans(std::string_view text, const std::string& name, const std::string& made_for) {
  try {
    const auto json = engine::parse_json<Json>(text);
    if (json.at("made_for").dump() != made_for) return {};
    return json.at("choices").get<PlanChoices>();
  } catch (const Json::exception&) {
    throw engine::DataError(engine::concat(name, " is not a file of plans; delete it to time them again"));
  }
}

std::string plan_differences(std::string_view text, const std::string& made_for) {
  const Json there = engine::parse_json<Json>(text).at("made_for"), here = Json::parse(made_for);
  if (there == here) return {};
  if (!there.is_object()) return "it does not say for what they were made";
  const Json before = there.flatten(), now = here.flatten();
  const auto value = [](const Json& of, const std::string& key) { return of.contains(key) ? of[key].dump() : "none"; };
  std::string all;
  const auto add = [&](const std::string& key) {
    if (value(before, key) == value(now, key)) return;
    all += engine::concat(all.empty() ? "" : "; ", key.substr(1), ": ", value(before, key), ", here ", value(now, key));
  };
  for (const auto& [key, unused] : before.items()) add(key);
  for (const auto& [key, unused] : now.items()) {
    if (!before.contains(key)) add(key);
  }
  return all.empty() ? "they are in another order" : all;
}

}  // namespace apps
