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
  std::int64_t viewed_examples = 0;  ///< N of --dump-views, 0 without it; the next field is its file
  std::string views_file = {};

  /// Whether this command trains; otherwise it only shows what a run would do.
  bool trains() const { return !dry_run && !print_schedule && viewed_examples == 0; }
};

/// Reads the command line. Returns false if a text was printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, char** argv, PretrainArguments& arguments);

/// Parses "A:B", two steps with 1 <= A <= B. Throws UsageError.
ProfiledSteps parse_profiled_steps(const std::string& text);

}  // namespace apps
