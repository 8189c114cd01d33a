#include "apps/suppress/arms.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/run/checkpoint.h"
#include "apps/run/metrics.h"
#include "apps/settings/usage_error.h"
#include "apps/train/run_result.h"
#include "data/kinds.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

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

/// Without a number of threads, a new run uses all processors, and a started run keeps its number: so remove a given 0.
void leave_threads_open(Layers& layers) {
  if (with_layers(Config{}, layers).run.compute.threads != 0) return;
  for (Layer* layer : {&layers.recipe, &layers.set, &layers.flags})
    std::erase_if(*layer, [](const Assignment& a) { return a.field->key == "run.threads"; });
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

/// The differing settings that affect the results, as "key: before -> after". The images are among them, although a
/// resumed run of `pretrain` may read them from elsewhere: arms differ in nothing else.
std::vector<std::string> differences(const Config& before, const Config& after) {
  std::vector<std::string> all;
  for (const ConfigField& field : config_table()) {
    const std::string from = field.text(before), to = field.text(after);
    if ((field.on_resume != OnResume::change || field.key == "data.source") && from != to)
      all.push_back(fmt::format("{}: {} -> {}", field.key, from, to));
  }
  return all;
}

std::optional<std::string> failure_of(const fs::path& run) {
  if (!fs::is_directory(run / "crash")) return std::nullopt;
  for (const auto& entry : fs::directory_iterator(run / "crash")) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("step_") || entry.path().extension() == ".tmp") continue;
    return fmt::format("numbers became infinite or NaN in step {}; its weights are in {}", name.substr(5),
                       entry.path().string());
  }
  return std::nullopt;
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

void check_same_run(const ArmRun& run) {
  const fs::path directory = run.run.out, config = directory / "config.toml";
  if (!fs::exists(config)) return;
  const Config before = read_config(config);
  Config after = with_layers(Config{}, run.run.layers);
  if (after.run.compute.threads == 0) after.run.compute.threads = before.run.compute.threads;  // it keeps them
  if (const auto all = differences(before, after); !all.empty()) {
    throw UsageError(fmt::format(
        "{} holds a run with other settings ({}); choose another --out, or repeat the command that began it",
        directory.string(), fmt::join(all, ", ")));
  }
}

ArmStanding arm_standing(const ArmRun& run, std::int64_t steps) {
  const fs::path directory = run.run.out, metrics = directory / kMetricsFile;
  ArmStanding standing{.seconds = fs::exists(metrics) ? seconds_of_steps(engine::read_file(metrics)) : 0};
  if (const auto result = read_result(directory); result && result->step == steps) {
    standing.step = steps;
    standing.finished = true;
  } else if (fs::exists(directory / "config.toml")) {
    standing.failure = failure_of(directory);
    try {
      if (const auto checkpoint = Checkpoints(directory, 1).newest()) standing.step = checkpoint->state.step;
    } catch (const engine::DataError& error) {
      throw engine::DataError(engine::concat(directory.string(), ": ", error.what()));
    }
  }
  return standing;
}

}  // namespace apps
