#include "apps/pretrain/arguments.h"

#include <fmt/format.h>

#include "apps/run/exit_code.h"
#include "data/kinds.h"

namespace apps {

ProfiledSteps parse_profiled_steps(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == text.npos) throw UsageError(fmt::format("--profile-steps must be A:B, two steps, got '{}'", text));
  const std::int64_t first = whole_number(text.substr(0, colon), "--profile-steps", 1);
  return {.first = first, .last = whole_number(text.substr(colon + 1), "--profile-steps", first)};
}

bool parse(int argc, char** argv, PretrainArguments& arguments) {
  std::string profiled_steps;
  std::vector<std::string> views;
  Flags flags("pretrain", "Pretrains an encoder with a contrastive loss; an online linear probe watches it.");
  add_run_flags(flags, arguments.run);
  flags.add_text({"--list-sources", "Information", "show every kind of data source with its parameters", "", ""},
                 data::list_of_kinds);
  flags.add_switch(
      {.name = "--dry-run", .group = "Output", .help = "build everything, say what would run, train nothing"},
      arguments.dry_run);
  flags.add_switch(
      {.name = "--print-schedule", .group = "Output", .help = "print the learning rate of every step as CSV"},
      arguments.print_schedule);
  flags.add({.name = "--dump-views",
             .group = "Output",
             .help = "draw N examples with their two views and exit",
             .value = "N FILE.png"},
            views, 2);
  flags.add_switch({.name = "--profile",
                    .group = "Output",
                    .help = "print at the end where the time went, per kernel and per layer"},
                   arguments.profile);
  flags.add_switch({.name = "--nvtx", .group = "Output", .help = "name layers and kernels for Nsight, as NVTX ranges"},
                   arguments.nvtx);
  flags.add({.name = "--profile-steps",
             .group = "Output",
             .help = "profile only steps A to B (start Nsight so that it waits for cudaProfilerStart)",
             .value = "A:B"},
            profiled_steps);
  if (!flags.parse(argc, argv)) return false;
  if (!profiled_steps.empty()) arguments.profiled_steps = parse_profiled_steps(profiled_steps);
  if (!views.empty()) {
    arguments.viewed_examples = whole_number(views[0], "--dump-views", 1);
    arguments.views_file = views[1];
  }
  return true;
}

}  // namespace apps
