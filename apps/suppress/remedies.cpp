#include "apps/suppress/remedies.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/settings/usage_error.h"
#include "kernels/runtime/nearest.h"

namespace apps {
namespace {

// What a remedy is: keys of the configuration, and nothing else. docs/losses.md has the equations and the sources.
const std::vector<Remedy>& table() {
  static const std::vector<Remedy> remedies{
      {.name = "ifm",
       .help = "implicit feature modification (Robinson et al. 2021): the loss must do without its favourite direction",
       .changes = {{.key = "loss.ifm_epsilon", .value = "0.1"}}},
      {.name = "temperature-schedule",
       .help = "the temperature falls from 1 to the recipe's and rises again in every ten epochs (Kukleva et al. 2023)",
       .changes = {{.key = "loss.temperature_schedule", .value = "cosine"},
                   {.key = "loss.temperature_period", .value = "10"}}},
      {.name = "hard-negatives",
       .help = "similar negatives count more, and are debiased (Robinson et al. 2021; Chuang et al. 2020)",
       .changes = {{.key = "loss.hard_negative_beta", .value = "1"}, {.key = "loss.debias_tau_plus", .value = "0.1"}}},
      {.name = "sigreg",
       .help = "LeJEPA's loss (Balestriero & LeCun 2025) instead of the recipe's",
       .changes = {{.key = "loss.name", .value = "sigreg"}}},
      {.name = "wider-head",
       .help = "a projection head four times as wide, hidden layers and output",
       .changes = {{.key = "model.proj_hidden", .factor = 4}, {.key = "model.proj_dim", .factor = 4}}},
      {.name = "stronger-crop",
       .help = "crops of half the area",
       .changes = {{.key = "data.crop_area_min", .factor = 0.5}, {.key = "data.crop_area_max", .factor = 0.5}}},
  };
  return remedies;
}

std::string value_of(const Remedy::Change& change, const Config& base) {
  if (!change.value.empty()) return std::string(change.value);
  const ConfigField& field = *config_table().find(change.key);
  const double product = std::stod(field.text(base)) * change.factor;
  return field.value.kind == Kind::whole ? fmt::format("{:.0f}", product) : fmt::format("{:g}", product);
}

}  // namespace

std::span<const Remedy> remedies() { return table(); }

const Remedy& find_remedy(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Remedy& remedy : table()) {
    if (remedy.name == name) return remedy;
    names.push_back(remedy.name);
  }
  throw UsageError(
      fmt::format("--remedy: there is no remedy '{}'; the nearest is {}; `suppress --list-remedies` shows "
                  "all there are",
                  name, engine::nearest(name, names)));
}

std::string remedies_text() {
  std::string text;
  for (const Remedy& remedy : table()) {
    text += fmt::format("{}: {}\n", remedy.name, remedy.help);
    for (const Remedy::Change& change : remedy.changes) {
      text += change.value.empty() ? fmt::format("    {} times {:g}\n", change.key, change.factor)
                                   : fmt::format("    {} = {}\n", change.key, change.value);
    }
  }
  return text;
}

std::vector<Assignment> settings_of(const Remedy& remedy, const Config& base) {
  std::vector<Assignment> settings;
  for (const Remedy::Change& change : remedy.changes) {
    settings.push_back({.field = config_table().find(change.key),
                        .text = value_of(change, base),
                        .where = fmt::format("--remedy {}: {}", remedy.name, change.key)});
  }
  return settings;
}

std::vector<std::string> changes_of(const Remedy& remedy, const Config& base) {
  std::vector<std::string> changes;
  for (const Assignment& setting : settings_of(remedy, base))
    changes.push_back(fmt::format("{} = {}", setting.field->key, setting.text));
  return changes;
}

}  // namespace apps
