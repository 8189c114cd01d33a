#pragma once
#include <optional>

#include "apps/suppress/arms.h"
#include "apps/suppress/finished_table.h"

namespace apps {

/// The command line of `suppress`: a training, or a table of runs that are finished.
struct SuppressArguments {
  SuppressRequest training = {};
  std::optional<TableRequest> table = {};
};

/// Reads it. Returns false if a text was printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, char** argv, SuppressArguments& arguments);

}  // namespace apps
