#include "apps/train/late_records.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/late_backend.h"

using apps::LateRecords;
using apps::Window;

TEST_CASE("late records: each comes with the means of its own window") {
  auto owner = std::make_unique<tests::LateBackend>();
  tests::LateBackend& device = *owner;
  const engine::Context context(std::move(owner), 1);
  engine::TrainingStatus status(
      context, [](std::int64_t) { return 1.0; }, 0);
  LateRecords late(status);
  const auto window = [&](int steps, double wait_ms) {
    const Window begun{.steps = steps, .input = {.wait_ms = wait_ms, .read_ms = 2, .read_images = 3}};
    for (int i = 0; i < steps; ++i) status.finish_step({});
    return begun;
  };
  late.request(window(2, 6), true);
  CHECK_FALSE(late.arrived());
  late.request(window(1, 5), false);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  device.arrive();
  const auto first = late.arrived();
  REQUIRE(first);
  CHECK(first->record.step == 2);
  CHECK(first->logs);
  CHECK(first->input.wait_ms == 6);
  CHECK(first->input.read_images == 3);
  CHECK(first->steps == 2);
  CHECK(first->step_ms >= 10);
  const auto second = late.awaited();
  REQUIRE(second);
  CHECK(second->record.step == 3);
  CHECK_FALSE(second->logs);
  CHECK(second->input.wait_ms == 5);
  CHECK(second->step_ms <
        2 * first->step_ms);  // since the previous record arrived: only then had the device done those steps
  CHECK_FALSE(late.awaited());
}
