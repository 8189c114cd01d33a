#pragma once
#include <map>
#include <string>
#include <string_view>

namespace apps {

/// Which algorithm was timed to be the fastest, by the name of the problem.
using PlanChoices = std::map<std::string, std::string>;

/// The text of a file of plans. `made_for` says, as JSON, what they hold for.
std::string plan_text(const std::string& made_for, const PlanChoices& choices);

/// The choices in such a text; none when they were made for something else. Throws engine::DataError, beginning with
/// `name`, for a text that is no plans.
PlanChoices parse_plans(std::string_view text, const std::string& name, const std::string& made_for);

/// In what such a text was made for something else than `made_for`: "threads: 4, here 2"; empty where they hold.
std::string plan_differences(std::string_view text, const std::string& made_for);

}  // namespace apps
