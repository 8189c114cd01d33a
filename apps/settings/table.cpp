#include "apps/settings/table.h"

#include <fmt/format.h>

#include "kernels/runtime/nearest.h"

namespace apps {
namespace {

/// "with `optim.name` sgd or lars: "; empty if there is no condition.
std::string condition_text(const Condition& condition) {
  std::string text;
  for (const Requirement& requirement : condition.all) {
    text += fmt::format("{} `{}` {}", text.empty() ? "with" : " and", requirement.key,
                        fmt::join(requirement.values, " or "));
  }
  return text.empty() ? text : text + ": ";
}

std::string_view resume_text(OnResume on_resume) {
  switch (on_resume) {
    case OnResume::fixed: return "fixed";
    case OnResume::grow: return "may grow";
    case OnResume::change: return "may change";
  }
  return {};
}

}  // namespace

std::string unmet_text(std::string_view key, std::string_view value, std::string_view unset, const Requirement& unmet,
                       std::string_view got) {
  return fmt::format("{} = {} has no effect while {} is {}: keep its default {}, or set {} to {}", key, value,
                     unmet.key, got, unset, unmet.key, fmt::join(unmet.values, " or "));
}

std::string markdown_row(const FieldText& field) {
  const auto code = [](std::string_view text) { return text.empty() ? std::string() : fmt::format("`{}`", text); };
  return fmt::format("| {} | {} | {} | {} | {} | {}{} |\n", code(field.key), code(field.flag), code(field.unset),
                     field.expectation, resume_text(field.on_resume), condition_text(field.only_with), field.help);
}

std::string_view nearest_of(std::string_view key, const std::vector<std::string_view>& keys) {
  const bool has_section = key.find('.') != key.npos;
  std::vector<std::string_view> names;
  for (const std::string_view each : keys) names.push_back(has_section ? each : each.substr(each.find('.') + 1));
  const auto index = std::find(names.begin(), names.end(), engine::nearest(key, names)) - names.begin();
  return keys[static_cast<std::size_t>(index)];
}

}  // namespace apps
