#include "apps/train/plan_file.h"

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/io/json.h"

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

}  // namespace apps
