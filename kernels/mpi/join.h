#pragma once
#include <memory>

#include "kernels/runtime/communicator.h"

namespace kernels {

/// Whether this build can compute on several ranks.
bool has_mpi();

/// Joins the processes that a launcher (mpirun, srun) started together with this one; a process that was started by
/// itself is one rank. Call it once, on the thread that will use the communicator. Throws engine::Error if there are
/// others and this build has no MPI, or if MPI does not find them.
std::unique_ptr<engine::Communicator> join_ranks();

}  // namespace kernels
