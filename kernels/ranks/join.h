#pragma once
#include <memory>

#include "kernels/runtime/communicator.h"

namespace kernels {

/// Joins the processes that a launcher (mpirun, srun, torchrun) started together with this one: by MPI, or by TCP where
/// the environment says where they meet. A process that was started by itself is one rank. Call it once, on the thread
/// that will use the communicator. Throws engine::Error if the others are not found.
std::unique_ptr<engine::Communicator> join_ranks();

}  // namespace kernels
