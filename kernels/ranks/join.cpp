#include "kernels/ranks/join.h"

#include "kernels/mpi/join_by_mpi.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/launch.h"
#include "kernels/tcp/tcp_communicator.h"

namespace kernels {
namespace {

/// Until the run's --rank-timeout is known. Nodes of a cluster do not start at the same moment.
constexpr double kPatienceSeconds = 300;

}  // namespace

std::unique_ptr<engine::Communicator> join_ranks() {
  const engine::Launch launch = engine::launched();
  if (launch.ranks == 1) return std::make_unique<engine::OneRank>();
  if (!launch.meeting) return join_by_mpi(launch);
  EXPECTS(launch.meeting->port > 0, "MASTER_PORT must be a port of ", launch.meeting->host,
          ", 1 to 65534, the same for all ranks");
  return std::make_unique<TcpCommunicator>(launch.rank, launch.ranks, *launch.meeting, kPatienceSeconds);
}

}  // namespace kernels
