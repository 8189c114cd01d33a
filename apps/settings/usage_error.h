#pragma once
#include "kernels/runtime/error.h"

namespace apps {

/// The command line or a recipe is wrong. Programs exit with 2.
class UsageError : public engine::Error {
 public:
  using Error::Error;
};

}  // namespace apps
