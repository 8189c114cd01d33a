#include "apps/reproduce/reproduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/input/run_data.h"
#include "apps/reproduce/results.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/run_lock.h"
#include "apps/run/signals.h"
#include "apps/train/make_context.h"
#include "apps/train/plans.h"
#include "apps/train/run_result.h"
#include "apps/train/run_start.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr char kResults[] = "results.json";

/// All runs of one experiment, and the files that summarise them.
struct Reproduction {
  const Experiment& experiment;
  fs::path out;
  std::vector<Cell> cells;
  std::int64_t steps;  ///< of every run
  std::int64_t batch_size;
  std::string environment;
  std::span<char* const> argv;

  /// Writes results.json and report.md with the finished runs.
  nlohmann::ordered_json write_report() const {
    auto results = results_json(experiment, cells, steps, environment);
    engine::atomic_write_file(out / kResults, json_text(results, 2) + "\n");
    engine::atomic_write_file(out / "report.md", report_markdown(results));
    return results;
  }
};

/// Throws UsageError if the directory is a run of pretrain, which would be mixed up with ours.
void refuse_run(const fs::path& out) {
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out)) throw UsageError(engine::concat("--out ", out.string(), " is a file, not a directory"));
  for (const char* sign : {"config.toml", "checkpoints", "metrics.jsonl"}) {
    if (!fs::exists(out / sign)) continue;
    throw UsageError(engine::concat("--out ", out.string(), " holds a single run (it has ", sign,
                                    "), and reproduce puts many beside each other; choose another directory"));
  }
}

void refuse_other_experiment(const fs::path& out, const Experiment& experiment) {
  const fs::path path = out / kResults;
  if (!fs::exists(path)) return;
  const auto results = engine::parse_json<nlohmann::json>(engine::read_file(path));
  if (!results.is_object() || !results.contains("experiment") || !results["experiment"].is_string()) {
    throw UsageError(engine::concat(path.string(), " is damaged; delete it and repeat the command: it is written anew ",
                                    "from the runs beside it, which are untouched"));
  }
  if (results["experiment"] == experiment.name) return;
  throw UsageError(engine::concat("--out ", out.string(), " holds another experiment than ", experiment.name,
                                  "; choose another directory"));
}

/// Throws at the end if runs failed; the others are finished by then.
void report_failures(const Reproduction& reproduction) {
  std::vector<std::string> failures;
  for (const Cell& cell : reproduction.cells) {
    const Standing standing = standing_of(cell, reproduction.steps);
    if (cell.asked && standing.failure) failures.push_back(fmt::format("{} ({})", cell.name, *standing.failure));
  }
  if (failures.empty()) return;
  throw NonFiniteError(fmt::format(
      "{} of the runs failed and the others are finished: {}; a failed run would fail again, so it is repeated only if "
      "its directory in {} is deleted",
      failures.size(), fmt::join(failures, ", "), reproduction.out.string()));
}

[[noreturn]] void interrupt(const Reproduction& reproduction) {
  const auto results = reproduction.write_report();
  throw Interrupted(engine::concat("stopped by ", signal_name(stop_signal()), " with ",
                                   results["runs_finished"].get<std::int64_t>(), " of ",
                                   results["runs"].get<std::int64_t>(), " runs finished; the same command goes on"));
}

void run_cell(const Cell& cell, std::span<char* const> argv, const Trainer::Observer& observe) {
  Config config = resolve(cell.run);
  keep_threads(cell.run, config);
  // A separate context: thread count and memory are those of this run only.
  const engine::Context context = make_context(config.run.compute);
  check_plans(context, config.run.plans, resumed_path(cell.run));
  Trainer trainer(context, config, initial_weights(cell.run, config));
  RunDirectory directory(cell.run);
  start_run(context, trainer, directory, argv);
  write_result(directory, trainer, trainer.run(directory, observe));
}

void run_unfinished(const Reproduction& reproduction) {
  const std::vector<Cell>& cells = reproduction.cells;
  const std::int64_t steps = reproduction.steps;
  std::int64_t done = 0, finished = 0, asked = 0;
  for (const Cell& cell : cells) {
    if (!cell.asked) continue;
    const Standing standing = standing_of(cell, steps);
    ++asked;
    done += standing.step;
    finished += standing.accuracy ? 1 : 0;
  }
  std::cerr << fmt::format("{}: {} of {} runs are finished; results in {}\n", reproduction.experiment.name, finished,
                           asked, reproduction.out.string());
  Progress progress({.label = "reproduce",
                     .unit = "steps",
                     .total = steps * asked,
                     .done = done,
                     .item = "images",
                     .items_per_unit = reproduction.batch_size});
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Standing standing = standing_of(cells[i], steps);
    if (!cells[i].asked || standing.accuracy || standing.failure) continue;
    if (stop_signal() != 0) interrupt(reproduction);
    try {
      run_cell(cells[i], reproduction.argv, [&](std::int64_t, std::string_view detail) {
        progress.update(
            ++done, fmt::format("{} ({} of {}){}{}", cells[i].name, i + 1, asked, detail.empty() ? "" : "  ", detail));
      });
    } catch (const Interrupted&) {
      interrupt(reproduction);  // throws; the message says how to continue all of it
    } catch (const NonFiniteError&) {
      if (!standing_of(cells[i], steps).failure) throw;  // no space for its crash directory, so none for further runs
    }
    reproduction.write_report();
  }
}

std::string environment_of(const Compute& compute, std::span<char* const> argv) {
  const engine::Context context = make_context(compute);
  warn_of_threads(context, compute.threads, "reproduce");
  return environment_json(context, compute.device, argv);
}

nlohmann::ordered_json result_of(const Reproduction& reproduction, const nlohmann::ordered_json& results,
                                 double seconds) {
  double largest = 0;
  for (const auto& entry : results["results"]) largest = std::max(largest, std::abs(entry["difference"].get<double>()));
  return {{"experiment", reproduction.experiment.name},
          {"out", reproduction.out.string()},
          {"runs", results["runs"]},
          {"largest_difference", largest},
          {"seconds", seconds}};
}

}  // namespace

void check_reproduction_directory(const fs::path& out, const Experiment& experiment) {
  refuse_run(out);
  refuse_other_experiment(out, experiment);
}

void reproduce(const ReproduceArguments& arguments, std::span<char* const> argv) {
  const Experiment& experiment = find_experiment(arguments.experiment);
  const fs::path& out = arguments.request.out;
  check_reproduction_directory(out, experiment);
  std::vector<Cell> cells = cells_of(experiment, arguments.request);
  const Config config = with_layers(Config{}, cells.front().run.layers);
  std::string environment = environment_of(config.run.compute, argv);
  const auto train = open_data(config.data, data::Role::pretrain, config.train.seed),
             test = open_data(config.data, data::Role::probe_test, config.train.seed);
  const DataFingerprint data = fingerprint_of(*train, *test);
  const Reproduction reproduction{.experiment = experiment,
                                  .out = out,
                                  .cells = std::move(cells),
                                  .steps = plan_training(config.train, config.optim, train->size()).schedule.steps,
                                  .batch_size = config.train.batch_size,
                                  .environment = std::move(environment),
                                  .argv = argv};
  engine::create_directories(out);
  const RunLock lock(out);
  check_reproduction_directory(out, experiment);  // again: another process may have started in it since
  for (const Cell& cell : reproduction.cells) check_same_run(cell, data);
  reproduction.write_report();

  const auto begin = Progress::Clock::now();
  run_unfinished(reproduction);
  const auto results = reproduction.write_report();
  if (config.run.report) draw_report(out);
  report_failures(reproduction);
  const double seconds = std::chrono::duration<double>(Progress::Clock::now() - begin).count();
  std::cout << json_text(result_of(reproduction, results, seconds)) << std::endl;
}

}  // namespace apps
