#include "apps/run/bounded_spinning.h"

#include <errno.h>
#include <omp.h>
#include <sched.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace apps {
namespace {

// A few hundredths of a millisecond: longer than most waits of threads that have a processor each.
constexpr char kTurns[] = "1000";

/// If OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY binds threads, libgomp has already bound this thread to its first
/// place. The program that is started inherits this affinity and would use only these processors; so undo it.
void leave_first_place() {
  const int places = omp_get_num_places();
  if (places == 0) return;
  std::vector<int> processors;
  for (int place = 0; place < places; ++place) {
    std::vector<int> ids(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, ids.data());
    processors.insert(processors.end(), ids.begin(), ids.end());
  }
  const int most = *std::max_element(processors.begin(), processors.end()) + 1;
  cpu_set_t* set = CPU_ALLOC(most);
  const std::size_t bytes = CPU_ALLOC_SIZE(most);
  CPU_ZERO_S(bytes, set);
  for (const int processor : processors) CPU_SET_S(processor, bytes, set);
  sched_setaffinity(0, bytes, set);
  CPU_FREE(set);
}

}  // namespace

void bound_spinning(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (argv == nullptr || argv[0] != program_invocation_name) return;
  // Without AT_BASE the program was started as an argument of the loader, and /proc/self/exe is the loader.
  if (getauxval(AT_BASE) == 0) return;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error || setenv("GOMP_SPINCOUNT", kTurns, 1) != 0) return;
  leave_first_place();
  execv(program.c_str(), argv);
  unsetenv("GOMP_SPINCOUNT");
}

}  // namespace apps
