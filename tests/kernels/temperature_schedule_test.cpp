#include "kernels/temperature_schedule.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/tensor.h"
#include "kernels/context.h"
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

TEST_CASE("temperature_schedule: from high to low and back in a period, half of the way after a quarter") {
  CHECK(temperature_at(0, 0.1f, 1.0f, 200) == 1.0f);
  CHECK(temperature_at(50, 0.1f, 1.0f, 200) == doctest::Approx(0.55));
  CHECK(temperature_at(100, 0.1f, 1.0f, 200) == doctest::Approx(0.1));
  CHECK(temperature_at(150, 0.1f, 1.0f, 200) == doctest::Approx(0.55));
  CHECK(temperature_at(200, 0.1f, 1.0f, 200) == 1.0f);
  for (const int step : {1, 7, 33, 199}) {
    const double expected = 0.1 + 0.9 * (1 + std::cos(2 * std::acos(-1.0) * step / 200)) / 2;
    CHECK(temperature_at(step, 0.1f, 1.0f, 200) == doctest::Approx(expected).epsilon(1e-7));
  }
}

TEST_CASE("temperature_schedule: the last steps of a long run are as exact as the first") {
  for (const int step : {3, 12'345}) {
    const std::int32_t late = 2'000'000'000 / 77'777 * 77'777 + step;
    CHECK(temperature_at(late, 0.05f, 0.2f, 77'777) == temperature_at(step, 0.05f, 0.2f, 77'777));
  }
  CHECK(temperature_at(2'000'000'000, 0.3f, 0.3f, 1) == 0.3f);  // equal ends: no schedule
}
