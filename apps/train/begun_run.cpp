#include "apps/train/begun_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "apps/run/checkpoint.h"
#include "apps/run/exit_code.h"
#include "apps/run/metrics.h"
#include "apps/train/run_result.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

/// Returns nothing unless the run ended because of non-finite numbers.
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

RunStanding run_standing(const fs::path& run, std::int64_t steps) {
  const fs::path metrics = run / kMetricsFile;
  RunStanding standing{.seconds = fs::exists(metrics) ? seconds_of_steps(engine::read_file(metrics)) : 0};
  if (const auto result = read_result(run); result && result->step == steps) {
    standing.step = steps;
    standing.trained = true;
  } else if (fs::exists(run / "config.toml")) {
    standing.failure = failure_of(run);
    try {
      if (const auto checkpoint = Checkpoints(run, 1).newest()) standing.step = checkpoint->state.step;
    } catch (const engine::DataError& error) {
      throw engine::DataError(engine::concat(run.string(), ": ", error.what()));
    }
  }
  return standing;
}

std::vector<std::string> differing_settings(const Config& before, const Config& after) {
  std::vector<std::string> all;
  for (const ConfigField& field : config_table()) {
    const std::string from = field.text(before), to = field.text(after);
    if (field.on_resume != OnResume::change && from != to)
      all.push_back(fmt::format("{}: {} -> {}", field.key, from, to));
  }
  return all;
}

void check_same_settings(const RunArguments& run, bool same_source) {
  const fs::path path = fs::path(run.out) / "config.toml";
  if (!fs::exists(path)) return;
  const Config before = read_config(path);
  Config after = with_layers(Config{}, run.layers);
  if (after.run.compute.threads == 0) after.run.compute.threads = before.run.compute.threads;  // it keeps them
  std::vector<std::string> all = differing_settings(before, after);
  if (same_source && before.data.source != after.data.source)
    all.push_back(fmt::format("data.source: {} -> {}", before.data.source, after.data.source));
  if (all.empty()) return;
  throw UsageError(
      fmt::format("{} holds a run with other settings ({}); choose another --out, or repeat the command "
                  "that began it",
                  run.out, fmt::join(all, ", ")));
}

void leave_threads_open(Layers& layers) {
  if (with_layers(Config{}, layers).run.compute.threads != 0) return;
  for (Layer* layer : {&layers.recipe, &layers.set, &layers.flags})
    std::erase_if(*layer, [](const Assignment& a) { return a.field->key == "run.threads"; });
}

}  // namespace apps
