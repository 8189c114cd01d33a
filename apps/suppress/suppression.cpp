#include "apps/suppress/suppression.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/metrics.h"
#include "apps/run/occupied_directory.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/run_lock.h"
#include "apps/run/signals.h"
#include "apps/suppress/feature_reader.h"
#include "apps/suppress/results.h"
#include "apps/train/begun_run.h"
#include "apps/train/make_context.h"
#include "apps/train/plans.h"
#include "apps/train/run_result.h"
#include "apps/train/run_start.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kSuppress[] = "suppress.json";
constexpr std::int64_t kPoints = 20;  // observations of a training, unless --every says otherwise

/// All runs, and the files that summarise them.
struct Suppression {
  const ArmTable& table;
  fs::path out;
  SuppressSettings settings;
  std::string environment;
  std::span<char* const> argv;

  /// Writes suppress.json and report.md with what there is.
  Json write_report() const {
    Json results = suppress_json(table, settings, environment);
    engine::atomic_write_file(out / kSuppress, json_text(results, 2) + "\n");
    engine::atomic_write_file(out / "report.md", suppress_markdown(results));
    return results;
  }
};

Json read_results(const fs::path& path) {
  auto results = engine::parse_json<Json>(engine::read_file(path));
  const bool complete = results.is_object() && results.contains("plant") && results["plant"].is_string() &&
                        results.contains("images") && results["images"].is_string() && results.contains("settings") &&
                        results["settings"].is_object();
  if (complete) return results;
  throw UsageError(engine::concat(path.string(), " is damaged; delete it and repeat the command: it is written anew ",
                                  "from the runs beside it, which are untouched"));
}

/// Throws UsageError if earlier runs in the directory were observed in another way.
void check_same_settings(const fs::path& out, const SuppressSettings& settings) {
  if (!fs::exists(out / kSuppress)) return;
  const Json before = read_results(out / kSuppress)["settings"];
  const auto check = [&](const char* key, const char* flag, std::int64_t now) {
    if (!before.contains(key) || before[key] == now) return;
    throw UsageError(engine::concat("--out ", out.string(), " has runs with ", flag, " ", before[key].dump(), ", not ",
                                    now, "; choose another directory, or repeat the command that began it"));
  };
  check("every", "--every", settings.every);
  check("probe_images", "--probe-images", settings.probe_images);
}

[[noreturn]] void interrupt(const Suppression& all) {
  const Json results = all.write_report();
  throw Interrupted(engine::concat("stopped by ", signal_name(stop_signal()), " with ", results["runs_finished"].dump(),
                                   " of ", results["runs"].dump(), " runs finished; the same command goes on"));
}

/// Throws at the end if runs failed; the others are finished by then.
void report_failures(const Suppression& all) {
  std::vector<std::string> failures;
  for (const ArmRun& run : all.table.runs) {
    if (const auto failure = run_standing(run.run.out, all.settings.steps).failure)
      failures.push_back(fmt::format("{} ({})", run.name, *failure));
  }
  if (failures.empty()) return;
  throw NonFiniteError(fmt::format(
      "{} of the runs failed and the others are finished: {}; a failed run would fail again, so it is repeated only if "
      "its directory in {} is deleted",
      failures.size(), fmt::join(failures, ", "), all.out.string()));
}

void run_arm(const Suppression& all, const ArmRun& run, const Trainer::Observer& observe) {
  Config config = resolve(run.run);
  keep_threads(run.run, config);
  // A separate context: thread count and memory are those of this run only.
  const engine::Context context = make_context(config.run.compute);
  check_plans(context, config.run.plans, resumed_path(run.run));
  Trainer trainer(context, config, initial_weights(run.run, config));
  const bool shows = all.table.arms[run.arm].showing != Showing::nothing;
  const FeatureReader reader(
      context, config,
      {.images = all.table.plant.source(all.table.images, shows ? Showing::shared : Showing::nothing),
       .planted = shows ? all.table.plant.label_set() : "",
       .most = all.settings.probe_images});
  RunDirectory directory(run.run);
  start_run(context, trainer, directory, all.argv);
  for (const std::string& reason : reader.left_out()) directory.log("not probed: " + reason);
  ObservationFile file(directory.path() / kObservationFile, trainer.step() > 0 ? trainer.step() : -1);
  const auto due = [&](std::int64_t step) {
    return (step % all.settings.every == 0 || step == all.settings.steps) && !file.has(step);
  };
  const auto look = [&](std::int64_t step) {
    const auto observation = reader.read(*trainer.model().objective, step);
    if (observation) file.write(*observation);
    return observation.has_value();
  };
  write_result(directory, trainer, trainer.run(directory, observe, {}, {.due = due, .look = look}));
}

void run_unfinished(const Suppression& all) {
  const std::vector<ArmRun>& runs = all.table.runs;
  const std::int64_t steps = all.settings.steps;
  std::int64_t done = 0, finished = 0;
  for (const ArmRun& run : runs) {
    const RunStanding standing = run_standing(run.run.out, steps);
    done += standing.step;
    finished += standing.trained ? 1 : 0;
  }
  std::cerr << fmt::format("suppress: {} of {} runs are finished; results in {}\n", finished, runs.size(),
                           all.out.string());
  Progress progress({.label = "suppress",
                     .unit = "steps",
                     .total = steps * std::ssize(runs),
                     .done = done,
                     .item = "images",
                     .items_per_unit = all.settings.batch_size});
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunStanding standing = run_standing(runs[i].run.out, steps);
    if (standing.trained || standing.failure) continue;
    if (stop_signal() != 0) interrupt(all);
    try {
      run_arm(all, runs[i], [&](std::int64_t, std::string_view detail) {
        progress.update(++done, fmt::format("{} ({} of {}){}{}", runs[i].name, i + 1, runs.size(),
                                            detail.empty() ? "" : "  ", detail));
      });
    } catch (const Interrupted&) {
      interrupt(all);  // throws; the message says how to continue all of it
    } catch (const NonFiniteError&) {
      if (!run_standing(runs[i].run.out, steps).failure)
        throw;  // no space for its crash directory, so none for further runs
    }
    all.write_report();
  }
}

std::string environment_of(const Compute& compute, std::span<char* const> argv) {
  const engine::Context context = make_context(compute);
  warn_of_threads(context, compute.threads, "suppress");
  return environment_json(context, compute.device, argv);
}

Json summary_of(const Suppression& all, const Json& results, double seconds) {
  Json summary{{"plant", results["plant"]}, {"out", all.out.string()}, {"runs", results["runs"]}};
  summary["verdict"] = results["verdict"].is_null() ? Json() : results["verdict"]["kind"];
  summary["text"] = results["verdict"].is_null() ? Json() : results["verdict"]["text"];
  if (!results["remedies"].empty()) summary["best_remedy"] = results["remedies"][0]["name"];
  summary["seconds"] = seconds;
  return summary;
}

}  // namespace

void check_suppress_directory(const fs::path& out, const ArmTable& table) {
  refuse_occupied(out, {"config.toml", "checkpoints", kMetricsFile, "results.json"}, "holds a single run or a table",
                  ", and suppress puts runs of its own beside each other");
  if (!fs::exists(out / kSuppress)) return;
  const Json results = read_results(out / kSuppress);
  if (results["plant"] == table.plant.text() && results["images"] == table.images) return;
  throw UsageError(engine::concat("--out ", out.string(), " holds runs with --plant ",
                                  results["plant"].get<std::string>(), " in ", results["images"].get<std::string>(),
                                  "; choose another directory"));
}

void suppress(const SuppressRequest& request, std::span<char* const> argv) {
  const fs::path& out = request.out;
  const ArmTable table(request);
  check_suppress_directory(out, table);
  const Config& config = table.config;
  std::string environment = environment_of(config.run.compute, argv);
  const auto train = open_data(config.data, data::Role::pretrain, config.train.seed);
  const std::int64_t steps = plan_training(config.train, config.optim, train->size()).schedule.steps;
  const Suppression all{
      .table = table,
      .out = out,
      .settings = {.steps = steps,
                   .every = request.every > 0 ? request.every : std::max<std::int64_t>(steps / kPoints, 1),
                   .probe_images = request.probe_images,
                   .batch_size = config.train.batch_size},
      .environment = std::move(environment),
      .argv = argv};
  engine::create_directories(out);
  const RunLock lock(out);
  check_suppress_directory(out, table);  // again: another process may have started in it since
  check_same_settings(out, all.settings);
  for (const ArmRun& run : table.runs) check_same_settings(run.run, /*same_source=*/true);
  all.write_report();

  const auto begin = Progress::Clock::now();
  run_unfinished(all);
  const Json results = all.write_report();
  if (config.run.report) draw_report(out);
  report_failures(all);
  const double seconds = std::chrono::duration<double>(Progress::Clock::now() - begin).count();
  std::cout << json_text(summary_of(all, results, seconds)) << std::endl;
}

}  // namespace apps
