#include "kernels/temperature_schedule.h"

#include <doctest/doctest.h>

#include "engine/tensor.h"
#include "kernels/context.h"
#include "tests/cases/run_on_cpu.h"
#include "tests/cases/temperature_schedule.h"
#include "tests/guarded_tensor.h"

using engine::Context;
using engine::Tensor;

namespace {

float temperature_at(std::int32_t step, float low, float high, std::int64_t period) {
  const Context context = kernels::make_context();
  const Tensor now = Tensor::from<std::int32_t>(context, {}, {step});
  const tests::GuardedTensor temperature(context, {});
  kernels::temperature_schedule(context,
                                {.step = now, .low = low, .high = high, .period = period, .temperature = temperature});
  return temperature.checked().item();
}

}  // namespace

TEST_CASE("temperature_schedule: a cosine from high to low and back in a period") {
  tests::run_on_cpu(tests::temperature_schedule_cases(), kernels::temperature_schedule);
}

TEST_CASE(
    "temperature_schedule: begins at high exactly, is at low in the middle, and half of the way after a quarter") {
  CHECK(temperature_at(0, 0.1f, 1.0f, 200) == 1.0f);
  CHECK(temperature_at(50, 0.1f, 1.0f, 200) == doctest::Approx(0.55));
  CHECK(temperature_at(100, 0.1f, 1.0f, 200) == doctest::Approx(0.1));
  CHECK(temperature_at(200, 0.1f, 1.0f, 200) == 1.0f);
}

TEST_CASE("temperature_schedule: the last steps of a long run are as exact as the first") {
  for (const int step : {3, 12'345}) {
    const std::int32_t late = 2'000'000'000 / 77'777 * 77'777 + step;
    CHECK(temperature_at(late, 0.05f, 0.2f, 77'777) == temperature_at(step, 0.05f, 0.2f, 77'777));
  }
}
