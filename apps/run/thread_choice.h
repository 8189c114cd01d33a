#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "kernels/runtime/communicator.h"

namespace apps {

/// How many threads compute, and why.
struct ThreadChoice {
  std::int64_t threads = 1;
  std::string reason;  ///< "as OMP_NUM_THREADS says"
};

/// Processors that this process may use: taskset, containers and batch systems can allow fewer than the machine has.
int usable_processors();

/// The resources of the machine and its environment.
struct ThreadOffer {
  int processors = 1;           ///< usable ones
  std::optional<double> quota;  ///< processor time that control groups allow, in processors
  std::optional<std::string> omp_num_threads, slurm_cpus_per_task;  ///< environment variables of these names, if set

  int sharing = 1;  ///< ranks that have these processors and this quota together
  static ThreadOffer here();
};

/// Returns `asked` if it is not 0; otherwise the value of OMP_NUM_THREADS; otherwise the minimum of the processors that
/// affinity, SLURM_CPUS_PER_TASK and the quota (rounded up) allow; ranks that share processors share them equally.
/// Rounding up: a thread that the quota pauses part of the time still computes in the rest. Variables without a
/// positive number are ignored.
ThreadChoice choose_threads(std::int64_t asked, const ThreadOffer& offer);
ThreadChoice choose_threads(std::int64_t asked);

/// How many ranks have the same machine and the same processors as this one; collective.
int ranks_on_these_processors(engine::Communicator& ranks);

/// "2 threads", "1 thread"
std::string threads_text(std::int64_t threads);

}  // namespace apps
