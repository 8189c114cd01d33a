// In place of mpi_communicator.cpp in a build without MPI (-DWITH_MPI=OFF).
#include "kernels/mpi/join_by_mpi.h"
#include "kernels/runtime/error.h"

namespace kernels {

std::unique_ptr<engine::Communicator> join_by_mpi(const engine::Launch& launch) {
  throw engine::Error(engine::concat(
      launch.by, " started this as one of ", launch.ranks,
      " processes, and this build has no MPI to join them: install libopenmpi-dev and build again, start them by "
      "torchrun or by srun with MASTER_ADDR and MASTER_PORT set, or start one process"));
}

}  // namespace kernels
