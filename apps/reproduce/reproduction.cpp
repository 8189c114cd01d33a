#include "apps/reproduce/reproduction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/config/training_plan.h"
#include "apps/input/run_data.h"
#include "apps/reproduce/claim.h"
#include "apps/reproduce/estimate.h"
#include "apps/reproduce/measures.h"
#include "apps/reproduce/results.h"
#include "apps/reproduce/standing.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/metrics.h"
#include "apps/run/occupied_directory.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/signals.h"
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

constexpr char kResults[] = "results.json";

/// A table in its directory.
struct Reproduction {
  ExperimentRuns table;
  std::string environment;
  std::span<char* const> argv;

  const fs::path& out() const { return table.request.out; }
  Standing standing(std::size_t i) const { return standing_of(table.experiment, table.cells[i], table.steps[i]); }
  std::int64_t images(std::size_t i, std::int64_t steps) const {
    return table.cells[i].untrained ? 0 : steps * table.cells[i].config().train.batch_size;
  }

  /// Writes results.json, results.csv and report.md with the finished runs.
  nlohmann::ordered_json write_report() const {
    const Claim claim = Claim::wait(out(), "report");
    auto results = results_json(table, environment);
    engine::atomic_write_file(out() / kResults, json_text(results, 2) + "\n");
    engine::atomic_write_file(out() / "results.csv", results_csv(results));
    engine::atomic_write_file(out() / "report.md", report_markdown(results));
    return results;
  }
};

/// A run of pretrain would be mixed up with ours.
void refuse_run(const fs::path& out) {
  refuse_occupied(out, {"config.toml", "checkpoints", kMetricsFile}, "holds a single run",
                  ", and reproduce puts many beside each other");
}

/// The number of training examples of each cell; cells that read the same data share it. Throws UsageError and
/// engine::DataError if a cell's directory has a run with other settings or other data.
class OpenedData {
 public:
  std::int64_t examples(const Cell& cell) {
    const Config config = cell.config();
    Opened& opened = open(config, cell.seed);
    const fs::path run = cell.directory();
    if (fs::exists(run / "config.toml")) check_same_data(run, opened.fingerprint(), config.data.source);
    return opened.train->size();
  }

 private:
  struct Opened {
    std::shared_ptr<const data::Source> train, test;
    std::optional<DataFingerprint> known = {};

    const DataFingerprint& fingerprint() {
      if (!known) known = fingerprint_of(*train, *test);
      return *known;
    }
  };

  Opened& open(const Config& config, std::int64_t seed) {
    std::string key;
    for (const ConfigField& field : config_table()) {
      if (field.key.starts_with("data.")) key += field.text(config) + "|";
    }
    auto [at, is_new] = opened_.try_emplace(key);
    if (!is_new && at->second.train->varies()) {  // what it draws follows the seed
      std::tie(at, is_new) = opened_.try_emplace(fmt::format("{}{}", key, seed));
    }
    if (is_new)
      at->second = {.train = open_data(config.data, data::Role::pretrain, seed),
                    .test = open_data(config.data, data::Role::probe_test, seed)};
    return at->second;
  }

  std::map<std::string, Opened> opened_;
};

std::string failure_text(const std::vector<std::string>& failures, const fs::path& out) {
  return fmt::format(
      "{} of the runs failed and the others are finished: {}; a failed run would fail again, so it is repeated only if "
      "its directory in {} is deleted",
      failures.size(), fmt::join(failures, ", "), out.string());
}

/// Throws at the end if runs failed; the others are finished by then.
void report_failures(const Reproduction& reproduction) {
  std::vector<std::string> failures;
  for (std::size_t i = 0; i < reproduction.table.cells.size(); ++i) {
    const Cell& cell = reproduction.table.cells[i];
    const Standing standing = reproduction.standing(i);
    if (cell.asked && standing.failure) failures.push_back(fmt::format("{} ({})", cell.name, *standing.failure));
  }
  if (!failures.empty()) throw NonFiniteError(failure_text(failures, reproduction.out()));
}

[[noreturn]] void interrupt(const Reproduction& reproduction) {
  const auto results = reproduction.write_report();
  throw Interrupted(engine::concat("stopped by ", signal_name(stop_signal()), " with ",
                                   results["runs_finished"].get<std::int64_t>(), " of ",
                                   results["runs"].get<std::int64_t>(), " runs finished; the same command goes on"));
}

void train_cell(const Cell& cell, std::span<char* const> argv, const Trainer::Observer& observe) {
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

/// The images that all finished and started runs have seen, whoever did them.
std::int64_t images_done(const Reproduction& reproduction) {
  std::int64_t images = 0;
  for (std::size_t i = 0; i < reproduction.table.cells.size(); ++i) {
    if (reproduction.table.cells[i].asked) images += reproduction.images(i, reproduction.standing(i).step);
  }
  return images;
}

/// Trains a cell, if need be, and does what is not measured of it yet.
void run_cell(const Reproduction& reproduction, std::size_t i, Progress& progress) {
  const ExperimentRuns& table = reproduction.table;
  const Cell& cell = table.cells[i];
  if (!reproduction.standing(i).trained) {
    const std::int64_t before = images_done(reproduction) - reproduction.images(i, reproduction.standing(i).step);
    train_cell(cell, reproduction.argv, [&](std::int64_t step, std::string_view detail) {
      progress.update(before + reproduction.images(i, step),
                      fmt::format("{}{}{}", cell.name, detail.empty() ? "" : "  ", detail));
    });
  }
  for (const Measure& measure : table.experiment.measures) {
    if (applies(cell, measure) && !is_measured(cell, measure)) perform(table.experiment, table.request, cell, measure);
  }
}

/// Returns the number of runs that other processes have claimed.
std::int64_t run_unfinished(const Reproduction& reproduction) {
  const std::vector<Cell>& cells = reproduction.table.cells;
  std::int64_t images = 0, finished = 0, asked = 0, claimed = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].asked) continue;
    ++asked;
    images += reproduction.images(i, reproduction.table.steps[i]);
    finished += reproduction.standing(i).finished ? 1 : 0;
  }
  std::cerr << fmt::format("{}: {} of {} runs are finished; results in {}\n", reproduction.table.experiment.name,
                           finished, asked, reproduction.out().string());
  Progress progress({.label = "reproduce", .unit = "images", .total = images, .done = images_done(reproduction)});
  const auto is_done = [&](std::size_t i) {
    const Standing standing = reproduction.standing(i);
    return !cells[i].asked || standing.finished || standing.failure;
  };
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (is_done(i)) continue;
    if (stop_signal() != 0) interrupt(reproduction);
    const auto claim = Claim::attempt(reproduction.out(), cells[i].name);
    claimed += claim ? 0 : 1;
    if (!claim || is_done(i)) continue;  // another process has it, or finished it at this moment
    try {
      run_cell(reproduction, i, progress);
    } catch (const Interrupted&) {
      interrupt(reproduction);  // throws; the message says how to continue all of it
    } catch (const NonFiniteError&) {
      if (!reproduction.standing(i).failure) throw;  // no space for its crash directory, or its features are not finite
    }
    reproduction.write_report();
  }
  return claimed;
}

std::string environment_of(const Compute& compute, std::span<char* const> argv) {
  const engine::Context context = make_context(compute);
  warn_of_threads(context, compute.threads, "reproduce");
  return environment_json(context, compute.device, argv);
}

nlohmann::ordered_json result_of(const Reproduction& reproduction, const nlohmann::ordered_json& results,
                                 double seconds) {
  double largest = 0;
  std::int64_t seen = 0, trends = 0;
  for (const auto& entry : results["results"]) {
    for (const auto& value : entry["values"]) {
      if (value.contains("difference") && !value["difference"].is_null())
        largest = std::max(largest, std::abs(value["difference"].get<double>()));
    }
  }
  for (const auto& trend : results["trends"]) {
    for (const auto& change : trend["ours"]) {
      ++trends;
      seen += change["seen"] == true ? 1 : 0;
    }
  }
  nlohmann::ordered_json line{{"experiment", reproduction.table.experiment.name},
                              {"budget", results["budget"]},
                              {"out", reproduction.out().string()},
                              {"runs", results["runs"]},
                              {"runs_finished", results["runs_finished"]}};
  if (results["compares"] == true) line["largest_difference"] = largest;
  line["trends"] = trends;
  line["trends_seen"] = seen;
  line["seconds"] = seconds;
  return line;
}

}  // namespace

void check_reproduction_directory(const fs::path& out, const Experiment& experiment, const std::string& budget) {
  refuse_run(out);
  const fs::path path = out / kResults;
  if (!fs::exists(path)) return;
  const auto results = engine::parse_json<nlohmann::json>(engine::read_file(path));
  const auto has_text = [&](const char* key) { return results.contains(key) && results[key].is_string(); };
  if (!results.is_object() || !has_text("experiment") || !has_text("budget")) {
    throw UsageError(engine::concat(path.string(), " is damaged; delete it and repeat the command: it is written anew ",
                                    "from the runs beside it, which are untouched"));
  }
  if (results["experiment"] != experiment.name)
    throw UsageError(engine::concat("--out ", out.string(), " holds another experiment than ", experiment.name,
                                    "; choose another directory"));
  if (results["budget"] != budget)
    throw UsageError(engine::concat("--out ", out.string(), " holds runs with the budget ",
                                    results["budget"].get<std::string>(), ", not ", budget,
                                    "; choose another directory"));
}

void reproduce(const ReproduceArguments& arguments, std::span<char* const> argv) {
  const Request& request = arguments.request;
  if (arguments.dry_run) {
    Estimator estimator;
    std::cout << plan_text(arguments.experiment, request, estimator) << std::flush;
    return;
  }
  check_reproduction_directory(request.out, arguments.experiment, request.budget);
  Reproduction reproduction{.table = {.experiment = arguments.experiment,
                                      .request = request,
                                      .cells = cells_of(arguments.experiment, request),
                                      .steps = {}},
                            .environment = {},
                            .argv = argv};
  const Config config = reproduction.table.cells.front().config();
  reproduction.environment = environment_of(config.run.compute, argv);
  OpenedData opened;
  for (const Cell& cell : reproduction.table.cells) {
    check_same_settings(cell.run, /*same_source=*/false);  // contents are compared below
    const Config of_cell = cell.config();
    const std::int64_t examples = opened.examples(cell);
    reproduction.table.steps.push_back(plan_training(of_cell.train, of_cell.optim, examples).schedule.steps);
  }
  engine::create_directories(request.out);
  reproduction.write_report();

  const auto begin = Progress::Clock::now();
  const std::int64_t claimed = run_unfinished(reproduction);
  const auto results = reproduction.write_report();
  if (claimed > 0)
    std::cerr << fmt::format(
        "reproduce: {} of the runs were left to other processes that have begun them; repeat the "
        "command if one of these is stopped\n",
        claimed);
  if (config.run.report) draw_report(request.out);
  report_failures(reproduction);
  const double seconds = std::chrono::duration<double>(Progress::Clock::now() - begin).count();
  std::cout << json_text(result_of(reproduction, results, seconds)) << std::endl;
}

}  // namespace apps
