#include "apps/reproduce/arguments.h"

#include "apps/run/exit_code.h"
#include "apps/run/settings_flags.h"

namespace apps {
namespace {

Assignment from_flag(std::string_view key, const std::string& text) {
  const ConfigField* field = config_table().find(key);
  return {.field = field, .text = text, .where = std::string(field->flag)};
}

void add_run_flags(Flags& flags, Request& request) {
  for (const std::string_view key :
       {"data.source", "train.steps", "run.device", "run.threads", "run.plans", "run.report"}) {
    const ConfigField* field = config_table().find(key);
    Flags::Flag flag = flag_of(*field);
    flag.group = "Runs";
    flag.fallback = "the recipe's";
    if (key == "train.steps") flag.help = "a quick look instead of the published length, and the report says so";
    if (key == "data.source") flag.value = "SOURCE";
    flags.add(flag, [&request, key](const std::string& text) { request.layers.flags.push_back(from_flag(key, text)); });
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

}  // namespace

bool parse(int argc, char** argv, ReproduceArguments& arguments) {
  std::string out;
  Flags flags("reproduce",
              "Reproduces a table of the paper: reproduce EXPERIMENT --data SOURCE. Every run is a run directory like\n"
              "pretrain's; however it is stopped, the same command goes on where it was.");
  flags.add_positional({.name = "EXPERIMENT", .help = "what to reproduce; see --list"}, arguments.experiment);
  add_run_flags(flags, arguments.request);
  flags.add({.name = "--out",
             .group = "Output",
             .help = "directory of all runs and results",
             .value = "DIR",
             .fallback = "runs/reproduce-EXPERIMENT"},
            out);
  flags.add_text({.name = "--list", .group = "Information", .help = "what can be reproduced, with its needs and cost"},
                 experiments_text);
  if (!flags.parse(argc, argv)) return false;
  if (arguments.experiment.empty()) {
    throw UsageError(engine::concat("say what to reproduce, as in reproduce ", experiments().front().name,
                                    "; `reproduce --list` shows all there is"));
  }
  arguments.request.out = out.empty() ? "runs/reproduce-" + arguments.experiment : out;
  return true;
}

}  // namespace apps
