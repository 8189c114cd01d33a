#include "kernels/cases/temperature_schedule.h"

#include <cmath>
#include <numbers>

namespace kernels {

KernelCase<TemperatureSchedule> temperature_schedule_case(const TemperatureScheduleExample& e) {
  constexpr std::size_t kStep = 0, kTemperature = 1;
  return {
      .name = engine::concat("step ", e.step, " of ", e.period, ", from ", e.high, " to ", e.low),
      .buffers = {{.shape = {1}, .values = {static_cast<double>(e.step)}, .dtype = Dtype::i32},
                  {.shape = Shape(), .tolerance = 1e-7}},
      .arguments =
          [=](const std::vector<View>& on) {
            return TemperatureSchedule{
                .step = on[kStep], .low = e.low, .high = e.high, .period = e.period, .temperature = on[kTemperature]};
          },
      .definition =
          [=](CaseValues& v) {
            const auto period_steps = static_cast<double>(e.period);
            const double angle = 2 * std::numbers::pi * std::fmod(v[kStep][0], period_steps) / period_steps;
            v[kTemperature][0] =
                static_cast<double>(e.low) + static_cast<double>(e.high - e.low) * (1 + std::cos(angle)) / 2;
          }};
}

}  // namespace kernels
