#pragma once
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// The command line of `reproduce`.
struct ReproduceArguments {
  std::string experiment = {};
  Request request = {};
};

/// Reads the command line. Returns false if a text was printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, char** argv, ReproduceArguments& arguments);

}  // namespace apps
