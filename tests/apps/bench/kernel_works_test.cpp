#include "apps/bench/kernel_works.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "apps/bench/buffers.h"
#include "apps/bench/timing.h"
#include "kernels/context.h"

namespace {

/// The names of all `KERNEL(name, Args);` in kernels/*.h.
std::set<std::string> declared_kernels() {
  const std::string declaration = "KERNEL(";
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/kernels")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (!line.ends_with(");")) continue;  // skips the definition of the macro
      for (std::size_t at = line.find(declaration); at != line.npos; at = line.find(declaration, at + 1)) {
        const std::size_t name = at + declaration.size();
        names.insert(line.substr(name, line.find(',', name) - name));
      }
    }
  }
  return names;
}

}  // namespace

TEST_CASE("kernel works: every kernel that is declared, by its name, runs on buffers of its own") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 2});
  std::set<std::string> names;
  for (const apps::KernelEntry& entry : apps::kernel_entries()) {
    CAPTURE(entry.name);
    names.emplace(entry.name);
    apps::Buffers buffers(context, {.images = 1, .rows = 6, .dim = 3});
    const apps::KernelWork work = entry.make(buffers);
    CHECK(work.bytes > 0);
    CHECK(!work.example.empty());
    context.profiler().enable();
    work.run();
    CHECK(context.profiler().entries().begin()->first == entry.name);
  }
  CHECK(names == declared_kernels());
}

TEST_CASE("kernel works: a share of the ceiling is the least time over the time it took") {
  const apps::Ceilings ceilings{.copied_bytes_per_s = 1e9, .operations_per_s = 1e12};
  CHECK(ceilings.share({.bytes = 1'000'000, .operations = 0}, 2) == doctest::Approx(0.5));  // 1 ms to copy
  CHECK(ceilings.share({.bytes = 1'000'000, .operations = 4'000'000'000}, 8) ==
        doctest::Approx(0.5));  // 4 ms to compute
}

TEST_CASE("times: median, minimum and maximum of repetitions") {
  const apps::Times odd = apps::Times::of({3, 1, 8}), even = apps::Times::of({4, 1, 2, 8});
  CHECK(odd.median_ms == 3);
  CHECK(even.median_ms == 3);
  CHECK(even.minimum_ms == 1);
  CHECK(even.maximum_ms == 8);
}
