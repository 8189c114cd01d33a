#include "kernels/cases/moving_average.h"

#include <cmath>
#include <numbers>

#include "kernels/training.h"

namespace kernels {
namespace {

constexpr std::size_t kValue = 0, kAverage = 1, kStatus = 2, kShadow = 3;

double momentum_of(const MomentumSchedule& schedule, std::int32_t step) {
  const double start = static_cast<double>(schedule.start);
  if (schedule.kind == MomentumSchedule::Kind::constant) return start;
  const double progress = std::min(1.0, step / static_cast<double>(schedule.steps));
  return 1 - (1 - start) * (0.5 + 0.5 * std::cos(std::numbers::pi * progress));
}

}  // namespace

KernelCase<MovingAverage> moving_average_case(const MovingAverageExample& e) {
  std::vector<double> value, average;
  for (std::int64_t i = 0; i < e.count; ++i) {
    value.push_back(std::sin(0.7 * static_cast<double>(i)));
    average.push_back(std::cos(0.3 * static_cast<double>(i)));
  }
  KernelCase<MovingAverage> result{
      .name = engine::concat(e.count, " values, step ", e.step, e.shadow ? ", shadowed" : "",
                             e.nonfinite ? ", stopped" : "", ", momentum from ", e.momentum.start),
      .buffers = {{.shape = {e.count}, .values = value},
                  {.shape = {e.count}, .values = average, .tolerance = 2e-7},
                  {.shape = {kStatusSize},
                   .values = {static_cast<double>(e.step), static_cast<double>(e.nonfinite)},
                   .dtype = Dtype::i32}},
      .arguments =
          [=](const std::vector<View>& on) {
            return MovingAverage{.value = on[kValue],
                                 .average = on[kAverage],
                                 .shadow = e.shadow ? on[kShadow] : View(),
                                 .momentum = e.momentum,
                                 .status = on[kStatus]};
          },
      .definition =
          [=](CaseValues& v) {
            if (e.nonfinite) return;
            const double m = momentum_of(e.momentum, e.step);
            for (std::size_t i = 0; i < v[kValue].size(); ++i) {
              v[kAverage][i] = m * v[kAverage][i] + (1 - m) * v[kValue][i];
              if (e.shadow) v[kShadow][i] = v[kAverage][i];
            }
          }};
  if (e.shadow) {
    result.buffers.push_back({.shape = {e.count},
                              .values = std::vector<double>(static_cast<std::size_t>(e.count), 3.0),
                              .dtype = Dtype::bf16,
                              .tolerance = 0.005});
  }
  return result;
}

}  // namespace kernels
