// In place of mpi_communicator.cpp in a build without MPI (-DWITH_MPI=OFF).
#include "kernels/mpi/join.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/launch.h"

namespace kernels {

bool has_mpi() { return false; }

std::unique_ptr<engine::Communicator> join_ranks() {
  const engine::Launch launch = engine::launched();
  EXPECTS(launch.ranks == 1, launch.by, " started this as one of ", launch.ranks,
          " processes, and this build has no MPI to join them: install libopenmpi-dev and build again, or start one "
          "process");
  return std::make_unique<engine::OneRank>();
}

}  // namespace kernels
