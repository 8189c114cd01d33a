#include "apps/reproduce/arguments.h"

#include "apps/reproduce/estimate.h"
#include "apps/reproduce/experiments.h"
#include "apps/run/exit_code.h"
#include "apps/run/progress.h"
#include "apps/run/settings_flags.h"

namespace apps {
namespace {

Assignment from_flag(std::string_view key, const std::string& text) {
  const ConfigField* field = config_table().find(key);
  return {.field = field, .text = text, .where = std::string(field->flag)};
}

/// What can only be read once the experiment is known.
struct Texts {
  std::string experiment, out;
  std::vector<std::string> data, cells;
  std::int64_t seeds = 0;
};

void add_run_flags(Flags& flags, Request& request, Texts& texts) {
  flags.add({.name = "--budget",
             .group = "Runs",
             .help = "paper: the paper's settings; small: scaled down to two processor cores",
             .value = "NAME",
             .fallback = "paper"},
            request.budget);
  flags.add(
      {.name = "--cells",
       .group = "Runs",
       .help = "only a part of the table: \"digits=8|16, placement=grid\"",
       .value = "AXIS=VALUE",
       .fallback = "all"},
      [&texts](const std::string& text) { texts.cells.push_back(text); }, /*repeated=*/true);
  flags.add({.name = "--seeds",
             .group = "Runs",
             .help = "runs of every setting, seeds 1 to N",
             .value = "N",
             .fallback = "the budget's"},
            texts.seeds, 1, kMostSeeds);
  flags.add(
      {.name = "--data",
       .group = "Runs",
       .help = "the data, or NAME=SOURCE where an experiment needs several; see --list",
       .value = "SOURCE",
       .fallback = "in datasets/"},
      [&texts](const std::string& text) { texts.data.push_back(text); }, /*repeated=*/true);
  for (const std::string_view key :
       {"train.steps", "run.device", "run.precision", "run.threads", "data.workers", "run.plans", "run.report"}) {
    const ConfigField* field = config_table().find(key);
    Flags::Flag flag = flag_of(*field);
    flag.group = "Runs";
    flag.fallback = "the recipe's";
    if (key == "train.steps") flag.help = "a quick look instead of the experiment's length, and the report says so";
    flags.add(flag, [&request, key](const std::string& text) { request.layers.flags.push_back(from_flag(key, text)); });
  }
  flags.add(
      {.name = "--set",
       .group = "Runs",
       .help = "change any key of every run (see pretrain --help-config); the report says so",
       .value = "KEY=VALUE"},
      [&request](const std::string& text) { request.layers.set.push_back(read_set(text)); }, /*repeated=*/true);
}

std::string list_text() {
  std::string text;
  Estimator estimator;
  std::int64_t done = 0;
  Progress progress({.label = "estimating times",
                     .unit = "experiments",
                     .total = static_cast<std::int64_t>(experiment_files().size())});
  for (const ExperimentFile& file : experiment_files()) {
    text += description(find_experiment(std::string(file.name)), estimator);
    progress.update(++done);
  }
  return text;
}

}  // namespace

bool parse(int argc, char** argv, ReproduceArguments& arguments) {
  Texts texts;
  Flags flags("reproduce",
              "Reproduces a table or figure of the paper: reproduce EXPERIMENT --data SOURCE. Every run is a run\n"
              "directory like pretrain's; however it is stopped, the same command goes on where it was. Several\n"
              "processes with the same command share the work.");
  flags.add_positional({.name = "EXPERIMENT", .help = "what to reproduce: a name of --list, or a FILE.toml"},
                       texts.experiment);
  add_run_flags(flags, arguments.request, texts);
  flags.add({.name = "--out",
             .group = "Output",
             .help = "directory of all runs and results",
             .value = "DIR",
             .fallback = "runs/reproduce-EXPERIMENT[-small]"},
            texts.out);
  flags.add_switch({.name = "--dry-run", .group = "Information", .help = "print the runs and how long they would take"},
                   arguments.dry_run);
  flags.add_text({.name = "--list",
                  .group = "Information",
                  .help = "what can be reproduced, with its needs, and its time on this device (takes a minute)"},
                 list_text);
  if (!flags.parse(argc, argv)) return false;
  if (texts.experiment.empty()) {
    throw UsageError(
        "say what to reproduce, as in reproduce randbits-mnist --data mnist:DIR; `reproduce --list` shows all there "
        "is");
  }
  Request& request = arguments.request;
  arguments.experiment = find_experiment(texts.experiment);
  const Budget& budget = arguments.experiment.budget(request.budget);
  for (const std::string& text : texts.data) read_source(text, arguments.experiment, budget, request.sources);
  for (const std::string& text : texts.cells) read_cells(text, arguments.experiment, budget, request.cells);
  if (texts.seeds > 0) request.seeds = texts.seeds;
  const bool paper = request.budget == arguments.experiment.budgets.front().name;
  request.out = texts.out.empty() ? engine::concat("runs/reproduce-", arguments.experiment.name, paper ? "" : "-",
                                                   paper ? "" : budget.name)
                                  : texts.out;
  return true;
}

}  // namespace apps
