#include "kernels/runtime/launch.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace engine {
namespace {

struct Variables {
  const char *rank, *ranks, *local_rank, *by;
};
constexpr Variables kOpenMpi{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "mpirun"};
constexpr Variables kOtherMpi{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "mpirun"};
// srun sets SLURM_NTASKS also for a batch script, which is one process; SLURM_STEP_NUM_TASKS is of what srun starts.
constexpr Variables kSlurm{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "srun"};
constexpr Variables kTorchrun{"RANK", "WORLD_SIZE", "LOCAL_RANK", "torchrun"};
constexpr int kUsualPort = 29500, kMostPort = 65535;

std::optional<int> number(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view all = text;
  int value = 0;
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
  if (error != std::errc{} || end != all.data() + all.size() || value < 0) return std::nullopt;
  return value;
}

using Environment = std::function<const char*(const char* name)>;

std::optional<Launch> launch_by(const Variables& of, const Environment& variable) {
  const auto rank = number(variable(of.rank)), ranks = number(variable(of.ranks));
  if (!rank || !ranks || *ranks < 2) return std::nullopt;
  return Launch{.rank = *rank, .ranks = *ranks, .by = of.by, .local_rank = number(variable(of.local_rank))};
}

std::optional<Meeting> meeting_in(const Environment& variable) {
  const char *host = variable("MASTER_ADDR"), *text = variable("MASTER_PORT");
  if (host == nullptr || *host == '\0') return std::nullopt;
  const int port = text == nullptr ? kUsualPort : number(text).value_or(0);
  if (port == 0 || port >= kMostPort) return Meeting{.host = host, .port = 0};
  // torchrun itself may listen at the port that it names.
  const char* store = variable("TORCHELASTIC_USE_AGENT_STORE");
  const bool taken = store != nullptr && std::string_view(store) == "True";
  return Meeting{.host = host, .port = port + (taken ? 1 : 0)};
}

}  // namespace

Launch launch_of(const Environment& variable) {
  if (const auto launch = launch_by(kOpenMpi, variable)) return *launch;
  auto slurm = launch_by(kSlurm, variable);
  // srun may set PMI's variables, too. Where they differ, an mpirun uses srun to start itself on the nodes.
  if (const auto launch = launch_by(kOtherMpi, variable)) {
    if (!slurm || slurm->rank != launch->rank || slurm->ranks != launch->ranks) return *launch;
  }
  if (slurm) {
    if (variable("PMIX_RANK") == nullptr) slurm->meeting = meeting_in(variable);  // else `srun --mpi=pmix`
    return *slurm;
  }
  if (auto launch = launch_by(kTorchrun, variable)) {
    launch->meeting = meeting_in(variable);
    if (launch->meeting) return *launch;  // without, these common names may be of something else
  }
  return {};
}

Launch launched() {
  return launch_of([](const char* name) { return std::getenv(name); });
}

}  // namespace engine
