#pragma once
#include "apps/suppress/arms.h"

namespace apps {

/// Reads the command line of `suppress`. Returns false if a text was printed and the program is done. Throws
/// UsageError.
[[nodiscard]] bool parse(int argc, char** argv, SuppressRequest& request);

}  // namespace apps
