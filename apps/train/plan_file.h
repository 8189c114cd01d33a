#pragma once
#include <map>
#include <string>
#include <string_view>

namespace apps {

/// The fastest algorithm by timing, for each problem name.
using PlanChoices = std::map<std::string, std::string>;

/// The text of a plans file. `made_for` describes, as JSON, what the plans are valid for.
std::string plan_text(const std::string& made_for, const PlanChoices& choices);

/// The choices in such a text; empty if they were made for something else. Throws engine::DataError, with a message
/// that begins with `name`, if the text is no plans file.
PlanChoices parse_plans(std::string_view text, const std::string& name, const std::string& made_for);

/// The differences between what the text was made for and `made_for`: "threads: 4, here 2"; empty if there are none.
std::string plan_differences(std::string_view text, const std::string& made_for);

}  // namespace apps
