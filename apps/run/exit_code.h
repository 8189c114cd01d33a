#pragma once
#include "apps/settings/usage_error.h"
#include "kernels/runtime/error.h"

namespace apps {

/// The exit status of a program. 75 is sysexits' EX_TEMPFAIL: a scheduler may start the program again.
enum ExitCode : int {
  kSuccess = 0,
  kFailure = 1,      ///< anything else: a full disk, no memory, a run directory in use
  kUsage = 2,        ///< the command line or a recipe is wrong (UsageError)
  kData = 3,         ///< input files are wrong (engine::DataError)
  kNonFinite = 4,    ///< a loss or gradient became infinite or NaN
  kInterrupted = 75  ///< stopped by a signal after a checkpoint was written
};

class NonFiniteError : public engine::Error {
 public:
  using Error::Error;
};

class Interrupted : public engine::Error {
 public:
  using Error::Error;
};

}  // namespace apps
