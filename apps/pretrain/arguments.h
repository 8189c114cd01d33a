#pragma once
#include <string>
#include <vector>

#include "apps/run/run_flags.h"
#include "apps/train/trainer.h"

namespace apps {

/// The command line of `pretrain`.
struct PretrainArguments {
  RunArguments run;
  bool dry_run = false, print_schedule = false, profile = false, nvtx = false;
  ProfiledSteps profiled_steps = {};
  std::int64_t viewed_examples = 0;  ///< of --dump-views, with the next: 0 without that flag
  std::string views_file = {};

  /// Whether this command trains, or only shows what a run would do.
  bool trains() const { return !dry_run && !print_schedule && viewed_examples == 0; }
};

/// Reads the command line. False when a text was printed and there is nothing more to do. Throws UsageError.
[[nodiscard]] bool parse(int argc, char** argv, PretrainArguments& arguments);

/// "A:B", two steps with 1 <= A <= B. Throws UsageError.
ProfiledSteps parse_profiled_steps(const std::string& text);

}  // namespace apps
