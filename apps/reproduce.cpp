#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/input/run_data.h"
#include "apps/reproduce/cells.h"
#include "apps/reproduce/results.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/main.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/signals.h"
#include "apps/train/make_context.h"
#include "apps/train/plans.h"
#include "apps/train/run_result.h"
#include "apps/train/run_start.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace {

using namespace apps;
namespace fs = std::filesystem;

constexpr char kResults[] = "results.json";

/// All runs of one experiment, and the files that sum them up.
struct Reproduction {
  const Experiment& experiment;
  fs::path out;
  std::vector<Cell> cells;
  std::int64_t steps;  ///< of every run
  std::int64_t batch_size;
  std::string environment;
  std::span<char* const> argv;

  /// results.json and report.md, of what is finished so far.
  nlohmann::ordered_json write_report() const {
    auto results = results_json(experiment, cells, steps, environment);
    engine::atomic_write_file(out / kResults, json_text(results, 2) + "\n");
    engine::atomic_write_file(out / "report.md", report_markdown(results));
    return results;
  }
};

/// Files of others are no obstacle; a run of pretrain would be mixed up with ours.
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

/// What failed ends the program in the end, with the rest done.
void report_failures(const Reproduction& reproduction) {
  std::vector<std::string> failures;
  for (const Cell& cell : reproduction.cells) {
    const Standing standing = standing_of(cell, reproduction.steps);
    if (cell.asked && standing.failure) failures.push_back(fmt::format("{} ({})", cell.name, *standing.failure));
  }
  if (failures.empty()) return;
  throw NonFiniteError(fmt::format(
      "{} of the runs failed and the others are finished: {}; a failed run would fail again, and is tried again only "
      "when its directory in {} is deleted",
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
  // A context of its own, so that thread count and memory are those of this run alone.
  const engine::Context context = make_context(config);
  check_plans(context, config.run.plans, resumed_path(cell.run));
  Trainer trainer(context, config);
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
      interrupt(reproduction);  // which says how to go on with all of it
    } catch (const NonFiniteError&) {
      if (!standing_of(cells[i], steps).failure) throw;  // no room for its crash directory: nor for further runs
    }
    reproduction.write_report();
  }
}

std::string environment_of(const Config& config, std::span<char* const> argv) {
  const engine::Context context = make_context(config);
  warn_of_threads(context, config, "reproduce");
  return environment_json(context, config, argv);
}

Assignment from_flag(std::string_view key, const std::string& text) {
  const Field* field = find_field(key);
  return {.field = field, .text = text, .where = std::string(field->flag)};
}

struct Arguments {
  std::string name = {}, out = {};
  Request request = {};
};

void add_run_flags(Flags& flags, Request& request) {
  for (const std::string_view key :
       {"data.source", "train.steps", "run.device", "run.threads", "run.plans", "run.report"}) {
    const Field* field = find_field(key);
    const std::string help = key == "train.steps"
                                 ? "a quick look instead of the published length, and the report says so"
                                 : std::string(field->help);
    flags.add({.name = std::string(field->flag),
               .group = "Runs",
               .help = help,
               .value = key == "data.source"  ? "SOURCE"
                        : key == "run.device" ? "cpu|cuda|cuda:N"
                        : key == "run.plans"  ? "FILE|off|timed"
                        : key == "run.report" ? "on|off"
                                              : "N",
               .fallback = "the recipe's"},
              [&request, key](const std::string& text) { request.layers.flags.push_back(from_flag(key, text)); });
  }
  flags.add({.name = "--seeds",
             .group = "Runs",
             .help = "runs of every setting, seeds 1 to N",
             .value = "N",
             .fallback = "2"},
            request.seeds, 1, kMostSeeds);
  flags.add(
      {.name = "--set",
       .group = "Runs",
       .help = "change any key of every run (see pretrain --help-config); the report says so",
       .value = "KEY=VALUE"},
      [&request](const std::string& text) { request.layers.set.push_back(read_set(text)); }, /*repeated=*/true);
}

/// False when a text was printed and there is nothing more to do.
bool parse(int argc, char** argv, Arguments& arguments) {
  Flags flags("reproduce",
              "Reproduces a table of the paper: reproduce EXPERIMENT --data SOURCE. Every run is a run directory like\n"
              "pretrain's; however it is stopped, the same command goes on where it was.");
  flags.add_positional({.name = "EXPERIMENT", .help = "what to reproduce; see --list"}, arguments.name);
  add_run_flags(flags, arguments.request);
  flags.add({.name = "--out",
             .group = "Output",
             .help = "directory of all runs and results",
             .value = "DIR",
             .fallback = "runs/reproduce-EXPERIMENT"},
            arguments.out);
  flags.add_text({.name = "--list", .group = "Information", .help = "what can be reproduced, with its needs and cost"},
                 experiments_text);
  if (!flags.parse(argc, argv)) return false;
  if (arguments.name.empty()) {
    throw UsageError(engine::concat("say what to reproduce, as in reproduce ", experiments().front().name,
                                    "; `reproduce --list` shows all there is"));
  }
  return true;
}

int reproduce(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return kSuccess;
  const Experiment& experiment = find_experiment(arguments.name);
  Request& request = arguments.request;
  request.out = arguments.out.empty() ? engine::concat("runs/reproduce-", arguments.name) : arguments.out;

  stop_on_signals();
  refuse_run(request.out);
  std::vector<Cell> cells = cells_of(experiment, request);
  const Config config = with_layers(Config{}, cells.front().run.layers);
  std::string environment = environment_of(config, {argv, static_cast<std::size_t>(argc)});
  const auto train = open_data(config, data::Split::train), test = open_data(config, data::Split::test);
  const DataFingerprint data = fingerprint_of(*train, *test);
  const Reproduction reproduction{.experiment = experiment,
                                  .out = request.out,
                                  .cells = std::move(cells),
                                  .steps = plan_training(config, train->size()).schedule.steps,
                                  .batch_size = config.train.batch_size,
                                  .environment = std::move(environment),
                                  .argv = {argv, static_cast<std::size_t>(argc)}};
  engine::create_directories(request.out);
  const RunLock lock(request.out);
  refuse_other_experiment(request.out, experiment);
  for (const Cell& cell : reproduction.cells) check_same_run(cell, data);
  reproduction.write_report();

  const auto begin = Progress::Clock::now();
  run_unfinished(reproduction);
  const auto results = reproduction.write_report();
  if (config.run.report) draw_report(request.out);
  report_failures(reproduction);
  double largest = 0;
  for (const auto& entry : results["results"]) largest = std::max(largest, std::abs(entry["difference"].get<double>()));
  const double seconds = std::chrono::duration<double>(Progress::Clock::now() - begin).count();
  const nlohmann::ordered_json line{{"experiment", experiment.name},
                                    {"out", request.out.string()},
                                    {"runs", results["runs"]},
                                    {"largest_difference", largest},
                                    {"seconds", seconds}};
  std::cout << json_text(line) << std::endl;
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, reproduce); }
