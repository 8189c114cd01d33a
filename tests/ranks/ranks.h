#pragma once
#include "kernels/runtime/communicator.h"
#include "kernels/runtime/device.h"

namespace tests {

/// The ranks that mpirun started this test with.
engine::Communicator& ranks();

/// Where this rank computes, also what it computes alone: on the CPU, or on a GPU of its own.
engine::Device device();

}  // namespace tests
