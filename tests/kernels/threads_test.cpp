#include "kernels/threads.h"

#include <doctest/doctest.h>
#include <omp.h>

#include "kernels/context.h"
#include "kernels/runtime/error.h"

namespace {

int threads_in_region() {
  int threads = 0;
#pragma omp parallel
#pragma omp single
  threads = omp_get_num_threads();
  return threads;
}

}  // namespace

TEST_CASE("threads: a team has as many as are said, in every region after it") {
  for (const int wanted : {1, 3, 2, 5, 1}) {
    CAPTURE(wanted);
    const int threads = kernels::make_team(wanted);
    CHECK(threads == std::min(wanted, omp_get_thread_limit()));
    CHECK(threads_in_region() == threads);
  }
}

TEST_CASE("threads: a dynamic team is no smaller, and one that may have no threads beside its first is one") {
  omp_set_dynamic(1);
  CHECK(kernels::make_team(3) == std::min(3, omp_get_thread_limit()));
  CHECK_FALSE(omp_get_dynamic());
  const int levels = omp_get_max_active_levels();
  omp_set_max_active_levels(0);
  CHECK(kernels::make_team(3) == 1);
  CHECK(kernels::make_context({.device = {}, .threads = 3}).threads() == 1);
  CHECK(omp_get_max_threads() == 1);  // read by oneDNN
  omp_set_max_active_levels(levels);
}

TEST_CASE("threads: numbers that no machine has are refused") {
  for (const std::int64_t threads : {std::int64_t{-1}, std::int64_t{4097}, (std::int64_t{1} << 32) + 1}) {
    CAPTURE(threads);
    CHECK_THROWS_WITH_AS(kernels::make_context({.device = {}, .threads = threads}),
                         engine::concat("threads: expected 0 (one per processor) to 4096, got ", threads).c_str(),
                         engine::Error);
  }
}
