#include "kernels/cpu/host_memory.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <fstream>

#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/scratch_directory.h"

using namespace kernels;
namespace fs = std::filesystem;

namespace {

/// Sets a soft limit of this process until the end of the scope.
class Limit {
 public:
  Limit(__rlimit_resource_t resource, std::size_t bytes) : resource_(resource) {
    REQUIRE(getrlimit(resource, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(setrlimit(resource, &limit) == 0);
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() { setrlimit(resource_, &before_); }

 private:
  __rlimit_resource_t resource_;
  rlimit before_{};
};

std::size_t mapped_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

}  // namespace

TEST_CASE("host memory: what is free is what the tightest limit leaves") {
  const engine::ControlGroups none(fs::path("/nowhere"));
  const std::size_t machine = cpu::free_host_bytes(none);
  CHECK(machine > 64 * kMegabyte);
  {
    const Limit limit(RLIMIT_AS, mapped_bytes() + 64 * kMegabyte);
    CHECK(cpu::free_host_bytes(none) <= 64 * kMegabyte);
    CHECK(cpu::free_host_bytes(none) > 56 * kMegabyte);
  }
  {
    const Limit limit(RLIMIT_DATA, 8 * kMegabyte);
    CHECK(cpu::free_host_bytes(none) <= 8 * kMegabyte);
  }
  const ScratchDirectory root;
  fs::create_directories(root / "proc/self");
  fs::create_directories(root / "sys/fs/cgroup");
  std::ofstream(root / "proc/self/cgroup") << "0::/\n";
  std::ofstream(root / "proc/self/mountinfo") << "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  std::ofstream(root / "sys/fs/cgroup/memory.max") << 5 * kMegabyte << "\n";
  std::ofstream(root / "sys/fs/cgroup/memory.current") << 2 * kMegabyte << "\n";
  CHECK(cpu::free_host_bytes(engine::ControlGroups(root.path())) == 3 * kMegabyte);
}

TEST_CASE("host memory: where oneDNN would find none, that is said beforehand") {
  const engine::Context context = make_context({.device = {}, .threads = 1});
  CHECK_NOTHROW(cpu::expect_library_memory(context));
  {
    const auto block = context.pool().allocate(64 * kMegabyte);
    context.pool().release(block);
  }  // now cached
  const Limit limit(RLIMIT_AS, mapped_bytes() + 4 * kMegabyte);
  CHECK_NOTHROW(cpu::expect_library_memory(context));  // after the pool gives its unused memory back
  const Limit tighter(RLIMIT_AS, mapped_bytes() + 4 * kMegabyte);
  CHECK_THROWS_AS(cpu::expect_library_memory(context), engine::OutOfMemory);
}
