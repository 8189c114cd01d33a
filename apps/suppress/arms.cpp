#include "apps/suppress/arms.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/settings/usage_error.h"
#include "apps/train/begun_run.h"
#include "data/kinds.h"

namespace apps {
namespace {

Assignment assign(std::string_view key, std::string text, std::string where) {
  return {.field = config_table().find(key), .text = std::move(text), .where = std::move(where)};
}

void refuse_own_choices(const Layers& layers) {
  for (const Assignment& given : layers.set) {
    if (given.field->key == "train.seed")
      throw UsageError("--set train.seed: suppress sets the seed of each run itself; --seeds N says how many");
  }
}

/// Throws if the images have bits, beside which no others can be planted.
void refuse_bits(const Config& config, const Plant& plant) {
  if (!plant.has_planes()) return;
  if (config.data.bits > 0) {
    throw UsageError(
        fmt::format("data.bits = {}: the images would have bits already, and --plant {} adds its own; "
                    "leave one of them out",
                    config.data.bits, plant.text()));
  }
  const auto source =
      data::open_source(config.data.source, {.role = data::Role::probe_test, .seed = 0, .resident_bytes = 0});
  if (const int planes = source->layout().bit_planes; planes > 0) {
    throw UsageError(fmt::format("--plant {}: {} has {} already; plant in images without bits", plant.text(),
                                 source->describe(), planes == 1 ? "a bit" : fmt::format("{} bits", planes)));
  }
}

/// The layers of a run with the remedy's settings, which win over all others.
Layers with_remedy(Layers layers, const Remedy& remedy, const Config& base) {
  for (Assignment& setting : settings_of(remedy, base)) layers.flags.push_back(std::move(setting));
  Config changed;
  try {
    changed = with_layers(Config{}, layers);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("--remedy {} does not fit this recipe: {}", remedy.name, error.what()));
  }
  if (changed == base) {
    throw UsageError(fmt::format("--remedy {} changes nothing of this recipe, which has {} already", remedy.name,
                                 fmt::join(changes_of(remedy, base), ", ")));
  }
  return layers;
}

std::vector<Arm> arms_of(const SuppressRequest& request) {
  std::vector<Arm> arms{{.name = "clean", .showing = Showing::nothing},
                        {.name = "planted", .showing = Showing::shared},
                        {.name = "control", .showing = Showing::redrawn}};
  for (const std::string& name : request.remedies) {
    const Remedy& remedy = find_remedy(name);
    const bool known = std::ranges::any_of(arms, [&](const Arm& arm) { return arm.remedy == &remedy; });
    if (!known) arms.push_back({.name = name, .showing = Showing::shared, .remedy = &remedy});
  }
  return arms;
}

}  // namespace

ArmTable::ArmTable(const SuppressRequest& request) : plant(Plant::parse(request.plant)), arms(arms_of(request)) {
  refuse_own_choices(request.layers);
  Layers layers = request.layers;
  leave_threads_open(layers);
  config = with_layers(Config{}, layers);
  refuse_bits(config, plant);
  images = config.data.source;
  config.data.source = plant.source(images, Showing::shared);
  const auto with_images = [&](const Arm& arm) {
    Layers own = layers;
    own.flags.push_back(assign("data.source", plant.source(images, arm.showing), "--data"));
    return arm.remedy ? with_remedy(std::move(own), *arm.remedy, config) : own;
  };
  for (const bool remedies : {false, true}) {
    for (std::int64_t seed = 1; seed <= request.seeds; ++seed) {
      for (std::size_t arm = 0; arm < arms.size(); ++arm) {
        if ((arms[arm].remedy != nullptr) != remedies) continue;
        ArmRun run{.arm = arm, .seed = seed, .name = fmt::format("{}-s{}", arms[arm].name, seed), .run = {}};
        run.run = {.layers = with_images(arms[arm]), .out = (request.out / run.name).string(), .resume = "auto"};
        run.run.layers.flags.push_back(assign("train.seed", std::to_string(seed), "--seeds"));
        runs.push_back(std::move(run));
      }
    }
  }
}

}  // namespace apps
