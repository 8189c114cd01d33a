#include "apps/bench/epochs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "tests/apps/memory_source.h"

using namespace apps;

TEST_CASE("epochs: every batch of every epoch is used once, and all that is done with it is timed") {
  const tests::MemorySource source(23);
  std::int64_t batches = 0, finished = 0;
  const BatchUse use{.use = [&](const data::HostBatch& batch) { batches += batch.rows == 5 ? 1 : 100; },
                     .finish = [&] { ++finished; }};
  const Epochs epochs = time_epochs("test", source, {.batch_size = 5}, {.timed = 3, .warmup = 2}, use);
  CHECK(epochs.images == 20);
  CHECK(epochs.ms.size() == 3);
  CHECK(batches == 6 * 4);  // one more for the stages
  CHECK(finished == 6);
  CHECK(*std::min_element(epochs.ms.begin(), epochs.ms.end()) > 0);
  CHECK(epochs.processor_ms > 0);
}

TEST_CASE("epochs: the processor time of an epoch is that of the workers and of what is done with its batches") {
  const tests::MemorySource source(20);
  const auto busy = [](const data::HostBatch&) {
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(5)) {}
  };
  const Repetitions once{.timed = 1, .warmup = 0};
  const Epochs idle = time_epochs("test", source, {.batch_size = 5}, once),
               used = time_epochs("test", source, {.batch_size = 5}, once, {.use = busy, .finish = [] {}});
  double workers = 0;
  for (const double ms : idle.workers.ms) workers += ms;
  CHECK(workers > 0);
  CHECK(idle.all_threads_ms >= workers);
  CHECK(used.all_threads_ms > idle.all_threads_ms);
}
