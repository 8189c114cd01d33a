#include "apps/runs/settings.h"

#include "apps/run/flags.h"
#include "apps/settings/format.h"
#include "apps/settings/usage_error.h"

namespace apps {

bool parse(int argc, const char* const* argv, RunsSettings& settings) {
  Flags flags(
      "runs",
      "Lists the runs of pretrain and the results of lineval in a directory and all below it: runs [DIR]; or "
      "shows in\nwhat two of them differ: runs diff RUN OTHER. Keys are run, status, those of the configuration "
      "(optim.lr), those\nof result.json (probe_test_accuracy, loss, step) and of lineval (top1, knn; of label "
      "sets and taps texture/top1).");
  std::string first, second, third, best, sort;
  bool csv = false, json = false;
  flags.add_positional({.name = "DIR", .help = "directory to search; default: runs"}, first);
  flags.add_positional({.name = "RUN", .help = "with diff: a run"}, second);
  flags.add_positional({.name = "OTHER", .help = "with diff: another run"}, third);
  flags.add(
      {.name = "--where",
       .group = "Runs",
       .help = "only runs for which this holds: optim.lr=0.1, status!=finished, \"top1>=0.9\"; may be repeated",
       .value = "CONDITION"},
      [&](const std::string& text) { settings.where.push_back(Filter::parse(text)); }, true);
  flags.add({.name = "--best", .group = "Runs", .help = "the largest value of this key first", .value = "KEY"}, best);
  flags.add({.name = "--sort", .group = "Runs", .help = "the smallest value of this key first", .value = "KEY"}, sort);
  flags.add({.name = "--limit", .group = "Runs", .help = "show at most N; 0: all", .value = "N", .fallback = "0"},
            settings.limit, 0);
  flags.add({.name = "--columns",
             .group = "Output",
             .help = "what is shown of each",
             .value = "KEY,KEY,...",
             .fallback = "run, status, step, probe_test_accuracy, top1, knn, and keys of other flags"},
            [&](const std::string& text) {
              const auto names = read_names(text);
              if (!names || names->empty())
                throw UsageError("--columns must be different keys with commas between, got '" + text + "'");
              settings.columns = *names;
            });
  flags.add_switch({.name = "--csv", .group = "Output", .help = "comma-separated values"}, csv);
  flags.add_switch({.name = "--json", .group = "Output", .help = "one JSON object a line"}, json);
  if (!flags.parse(argc, argv)) return false;
  if (csv && json) throw UsageError("--csv and --json exclude each other");
  if (csv) settings.form = RunsSettings::Form::csv;
  if (json) settings.form = RunsSettings::Form::json;
  if (!best.empty() && !sort.empty()) throw UsageError("--best and --sort exclude each other");
  settings.descending = !best.empty();
  settings.sort = best.empty() ? sort : best;
  if (first == "diff") {
    if (third.empty()) throw UsageError("runs diff compares two runs: runs diff RUN OTHER");
    settings.compared = {second, third};
    if (!settings.where.empty() || !settings.columns.empty() || !settings.sort.empty() || settings.limit > 0)
      throw UsageError("runs diff shows all differences; --where, --columns, --best, --sort and --limit are for lists");
  } else if (!second.empty()) {
    throw UsageError("runs lists one directory, got " + first + " and " + second + "; to compare two runs: runs diff " +
                     first + " " + second);
  } else if (!first.empty()) {
    settings.directory = first;
  }
  return true;
}

}  // namespace apps
