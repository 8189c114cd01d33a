#include "kernels/temperature_schedule.h"

#include <doctest/doctest.h>

#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Twin;

TEST_CASE("cuda temperature_schedule equals the CPU's at every phase") {
  for (const std::int32_t step : {0, 1, 2, 5, 6, 7, 1'000'000'007}) {
    CAPTURE(step);
    const Twin now({}, std::vector<std::int32_t>{step}), temperature({});
    on_both(cpu::temperature_schedule, cuda::temperature_schedule, [&](Side on) {
      return TemperatureSchedule{
          .step = on(now), .low = 0.1f, .high = 0.9f, .period = 7, .temperature = on(temperature)};
    });
    temperature.expect_close(1e-7);
  }
}
