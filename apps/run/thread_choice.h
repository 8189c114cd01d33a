#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace apps {

/// How many threads compute, and what said so.
struct ThreadChoice {
  std::int64_t threads = 1;
  std::string reason;  ///< "as OMP_NUM_THREADS says"
};

/// Processors this process may use: taskset, containers and batch systems make it fewer than the machine has.
int usable_processors();

/// What the machine and its environment offer.
struct ThreadOffer {
  int processors = 1;           ///< usable ones
  std::optional<double> quota;  ///< of processor time that control groups leave, in processors
  std::optional<std::string> omp_num_threads, slurm_cpus_per_task;  ///< the variables of these names, where set

  static ThreadOffer here();
};

/// `asked` if that is not 0, else what OMP_NUM_THREADS says, else one for each processor that is left by affinity, by
/// SLURM_CPUS_PER_TASK and by the quota, rounded up: a thread that is held back for a part of the time still computes
/// the rest. A variable that holds no number above 0 is passed over.
ThreadChoice choose_threads(std::int64_t asked, const ThreadOffer& offer);
ThreadChoice choose_threads(std::int64_t asked);

/// "2 threads", "1 thread"
std::string threads_text(std::int64_t threads);

}  // namespace apps
