#pragma once
#include <memory>

#include "kernels/runtime/communicator.h"
#include "kernels/runtime/launch.h"

namespace kernels {

/// Joins the processes that a launcher (mpirun, srun) started together with this one. Throws engine::Error if this
/// build has no MPI, or if MPI does not find them.
std::unique_ptr<engine::Communicator> join_by_mpi(const engine::Launch& launch);

}  // namespace kernels
