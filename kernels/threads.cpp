#include "kernels/threads.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <sstream>
#include <system_error>
#include <vector>

#include "kernels/runtime/error.h"

namespace kernels {
namespace {

/// "512", "512K", "64 M": what OpenMP reads from OMP_STACKSIZE, in kilobytes where no unit is given.
std::optional<std::size_t> stack_bytes(const char* text) {
  if (text == nullptr) return std::nullopt;
  std::istringstream words(text);
  std::size_t number = 0;
  char unit = 'k', more = 0;
  if (!(words >> number)) return std::nullopt;
  if (words >> unit && words >> more) return std::nullopt;
  unsigned shift = 0;
  switch (unit) {
    case 'b':
    case 'B': break;
    case 'k':
    case 'K': shift = 10; break;
    case 'm':
    case 'M': shift = 20; break;
    case 'g':
    case 'G': shift = 30; break;
    default: return std::nullopt;
  }
  if (number > std::numeric_limits<std::size_t>::max() >> shift) return std::nullopt;
  return number << shift;
}

/// The attributes with which OpenMP starts its threads.
class ThreadAttributes {
 public:
  ThreadAttributes() {
    pthread_attr_init(&attributes_);
    auto bytes = stack_bytes(std::getenv("OMP_STACKSIZE"));
    if (!bytes) bytes = stack_bytes(std::getenv("GOMP_STACKSIZE"));
    // A size below the system's minimum is ignored, as OpenMP ignores it.
    if (bytes) pthread_attr_setstacksize(&attributes_, *bytes);
  }
  ThreadAttributes(const ThreadAttributes&) = delete;
  ThreadAttributes& operator=(const ThreadAttributes&) = delete;
  ~ThreadAttributes() { pthread_attr_destroy(&attributes_); }

  std::size_t stack() const {
    std::size_t bytes = 0;
    pthread_attr_getstacksize(&attributes_, &bytes);
    return bytes;
  }
  const pthread_attr_t* get() const { return &attributes_; }

 private:
  pthread_attr_t attributes_{};
};

void* pass_through(void* gate) {
  const std::lock_guard open(*static_cast<std::mutex*>(gate));
  return nullptr;
}

/// Starts `count` threads at the same time and ends them again.
void expect_threads(int count, const ThreadAttributes& attributes) {
  std::mutex gate;
  std::vector<pthread_t> threads(static_cast<std::size_t>(count));
  std::size_t started = 0;
  int failure = 0;
  {
    const std::lock_guard closed(gate);
    while (started < threads.size() && failure == 0) {
      failure = pthread_create(&threads[started], attributes.get(), pass_through, &gate);
      if (failure == 0) ++started;
    }
  }
  for (std::size_t i = 0; i < started; ++i) pthread_join(threads[i], nullptr);
  EXPECTS(failure == 0, "threads: the system gives ", started, " of ", count, " more threads with stacks of ",
          attributes.stack() >> 10, " KiB (", std::generic_category().message(failure),
          "); use fewer with --threads, or raise the limits of processes (ulimit -u) and memory (ulimit -v)");
}

}  // namespace

int make_team(int wanted) {
  constexpr std::size_t kStack = std::size_t{256} << 10;  // bytes; oneDNN's kernels overflow 32 KiB, not 48
  thread_local int team = 1;                              // size of the last team, whose threads OpenMP keeps
  omp_set_dynamic(0);
  const int possible = omp_get_max_active_levels() < 1 ? 1 : std::min(wanted, omp_get_thread_limit());
  if (possible > team) {
    const ThreadAttributes attributes;
    EXPECTS(attributes.stack() >= kStack, "threads: each would have a stack of ", attributes.stack() >> 10,
            " KiB, and kernels need ", kStack >> 10, "; unset OMP_STACKSIZE, or raise it or `ulimit -s`");
    expect_threads(possible - team, attributes);
  }
  omp_set_num_threads(wanted);
  int present = 1;
#pragma omp parallel
#pragma omp single
  present = omp_get_num_threads();
  team = present;
  omp_set_num_threads(present);
  return present;
}

}  // namespace kernels
