#pragma once
#include "kernels/runtime/communicator.h"

namespace tests {

/// The ranks that mpirun started this test with.
engine::Communicator& ranks();

}  // namespace tests
