#include "tests/cases/temperature_schedule.h"

#include <cmath>
#include <numbers>

namespace tests {
namespace {

using engine::View;
using kernels::TemperatureSchedule;

KernelCase<TemperatureSchedule> make(std::int32_t step, float low, float high, std::int64_t period) {
  constexpr std::size_t kStep = 0, kTemperature = 1;
  return {.name = engine::concat("step ", step, " of ", period, ", from ", high, " to ", low),
          .buffers = {{.shape = {1}, .values = {static_cast<double>(step)}, .dtype = engine::Dtype::i32},
                      {.shape = engine::Shape(), .tolerance = 1e-7}},
          .arguments =
              [=](const std::vector<View>& on) {
                return TemperatureSchedule{
                    .step = on[kStep], .low = low, .high = high, .period = period, .temperature = on[kTemperature]};
              },
          .definition =
              [=](CaseValues& v) {
                const auto period_steps = static_cast<double>(period);
                const double angle = 2 * std::numbers::pi * std::fmod(v[kStep][0], period_steps) / period_steps;
                v[kTemperature][0] =
                    static_cast<double>(low) + static_cast<double>(high - low) * (1 + std::cos(angle)) / 2;
              }};
}

}  // namespace

std::vector<KernelCase<TemperatureSchedule>> temperature_schedule_cases() {
  std::vector<KernelCase<TemperatureSchedule>> cases;
  for (const std::int32_t step : {0, 1, 7, 33, 50, 100, 199, 200, 201}) cases.push_back(make(step, 0.1f, 1, 200));
  for (const std::int64_t period : {1, 2, 7, 77'777}) cases.push_back(make(16'000'003, 0.05f, 0.2f, period));
  cases.push_back(make(3, 0.3f, 0.3f, 10));  // equal ends: no schedule
  return cases;
}

}  // namespace tests
