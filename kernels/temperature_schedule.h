#pragma once
#include <cmath>
#include <numbers>

#include "kernels/kernel.h"

namespace kernels {

// A temperature that moves between two values, once in `period` steps (Kukleva et al. 2023):
// temperature = low + (high - low) (1 + cos(2 pi step / period)) / 2
// It begins at `high`. Computed on the device, so that a captured step need not be captured anew.
struct TemperatureSchedule {
  ConstView step;  // i32, one element: the number of completed updates
  float low, high;
  std::int64_t period;  // steps, above 0
  View temperature;     // f32 scalar

  /// The phase is reduced as an integer: late steps are as exact as the first.
  HOST_DEVICE float at(std::int32_t now) const {
    const double phase = static_cast<double>(now % period) / static_cast<double>(period);
    const double height = (1 + cos(2 * std::numbers::pi * phase)) / 2;
    return static_cast<float>(static_cast<double>(low) +
                              (static_cast<double>(high) - static_cast<double>(low)) * height);
  }
};

KERNEL(temperature_schedule, TemperatureSchedule);

}  // namespace kernels
