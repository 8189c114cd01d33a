#include "kernels/cpu/host_memory.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "kernels/runtime/entries.h"
#include "kernels/runtime/error.h"

namespace kernels::cpu {
namespace {

/// Memory that the machine can still provide, swap included.
std::size_t machine_bytes() {
  const auto kilobytes =
      static_cast<std::size_t>(engine::sum_of_entries("/proc/meminfo", {"MemAvailable:", "SwapFree:"}));
  if (kilobytes > 0) return kilobytes << 10;
  return static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// The bytes left below a resource limit when `taken` bytes are in use.
std::size_t below_limit(__rlimit_resource_t resource, std::size_t taken) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return limit.rlim_cur - std::min<std::size_t>(taken, limit.rlim_cur);
}

bool can_map(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  munmap(memory, bytes);
  return true;
}

}  // namespace

std::size_t free_host_bytes(const engine::ControlGroups& groups) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t all = 0, resident = 0, shared = 0, text = 0, library = 0, data = 0;  // in pages
  std::ifstream("/proc/self/statm") >> all >> resident >> shared >> text >> library >> data;
  return std::min({machine_bytes(), groups.free_bytes().value_or(SIZE_MAX), below_limit(RLIMIT_AS, all * page),
                   below_limit(RLIMIT_DATA, data * page)});
}

void expect_library_memory(const engine::Context& context) {
  const std::size_t bytes = (16 + 4 * static_cast<std::size_t>(context.threads())) << 20;
  if (can_map(bytes)) return;
  context.pool().trim();
  if (can_map(bytes)) return;
  const std::size_t free = context.backend().free_bytes(), used = context.pool().used_bytes();
  throw engine::OutOfMemory(engine::concat("out of memory: oneDNN needs ", bytes >> 20, " MiB for itself, ", free >> 20,
                                           " MiB free on cpu, ", used >> 20, " MiB in use"),
                            {.wanted = bytes, .free = free, .in_use = used});
}

}  // namespace kernels::cpu
