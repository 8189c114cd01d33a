#pragma once
#include "apps/reproduce/cells.h"

namespace apps {

/// The command line of `reproduce`.
struct ReproduceArguments {
  Experiment experiment = {};
  Request request = {};
  bool dry_run = false;
};

/// Reads the command line and the experiment. Returns false if a text was printed and the program is done. Throws
/// UsageError.
[[nodiscard]] bool parse(int argc, char** argv, ReproduceArguments& arguments);

}  // namespace apps
