#pragma once
#include <string>

#include "apps/run/config_layers.h"
#include "apps/run/flags.h"

namespace apps {

/// The command line of a training run.
struct RunArguments {
  Layers layers;
  std::string out;               ///< --out; empty: runs/<name and time>
  std::string resume = "never";  ///< --resume: "auto", "never" or the path of a run directory
};

/// Adds --recipe, --set, --out, --resume, one flag for every Field with a flag, --print-config and --help-config.
/// `arguments` must live until the flags are parsed.
void add_run_flags(Flags& flags, RunArguments& arguments);

}  // namespace apps
