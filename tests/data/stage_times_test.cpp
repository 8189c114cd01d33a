#include "data/stage_times.h"

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <thread>

using data::Stage;
using data::StageTimer;
using data::StageTimes;

namespace {

double processor_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

void work_for(double ms) {
  const double begin = processor_ms();
  while (processor_ms() < begin + ms) {}
}

}  // namespace

TEST_CASE("stage times: what a thread computes is added to its stage, but not what it waits") {
  StageTimes times;
  const double begin = processor_ms();
  for (int i = 0; i < 2; ++i) {
    const StageTimer timer(&times, Stage::decode);
    work_for(2);
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
  }
  CHECK(times.of(Stage::decode) >= 4);
  CHECK(times.of(Stage::decode) <= processor_ms() - begin);
  CHECK(times.of(Stage::decode) < 40);
  CHECK(times.of(Stage::read) == 0);
  StageTimes all;
  all.of(Stage::copy) = 1;
  all.add(times);
  CHECK(all.of(Stage::decode) == times.of(Stage::decode));
  CHECK(all.of(Stage::copy) == 1);
}
