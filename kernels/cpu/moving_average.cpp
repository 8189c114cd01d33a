#include "kernels/moving_average.h"

#include "kernels/cpu/loops.h"
#include "kernels/training.h"

namespace kernels::cpu {

void moving_average(const Context&, const MovingAverage& args) {
  const auto* status = args.status.as<std::int32_t>();
  if (status[kStatusNonfinite] != 0) return;
  const auto rate = static_cast<float>(1 - args.momentum.at(status[kStatusStep]));
  const float* value = args.value.as<float>();
  float* average = args.average.as<float>();
  const std::int64_t count = args.average.shape.elements();
  if (!args.shadow) {
    parallel_elements(count, [=](std::int64_t i) { average[i] += rate * (value[i] - average[i]); });
    return;
  }
  bf16* shadow = args.shadow.as<bf16>();
  parallel_elements(count, [=](std::int64_t i) {
    const float now = average[i] + rate * (value[i] - average[i]);
    average[i] = now;
    store(shadow[i], now);
  });
}

}  // namespace kernels::cpu
