#pragma once
#include <cmath>
#include <numbers>

#include "kernels/kernel.h"
#include "kernels/runtime/host_device.h"
#include "kernels/runtime/names.h"

namespace kernels {

/// The momentum of a moving average over a training of `steps` steps: constant, or from `start` to 1 along half a
/// cosine, 1 - (1 - start) (1 + cos(pi step / steps)) / 2 (Grill et al. 2020, BYOL, section 3.2).
struct MomentumSchedule {
  enum class Kind { constant, cosine };

  float start = 0.99f;
  Kind kind = Kind::constant;
  std::int64_t steps = 1;

  /// In double: near 1 the average moves by the last digits of 1 - m.
  HOST_DEVICE double at(std::int32_t step) const {
    const double from = static_cast<double>(start);
    if (kind == Kind::constant) return from;
    const double progress = step < steps ? static_cast<double>(step) / static_cast<double>(steps) : 1;
    return 1 - (1 - from) * (1 + cos(std::numbers::pi * progress)) / 2;
  }
};

// average += (1 - m) (value - average), with m of the step in status[kStatusStep]: an exponential moving average of a
// network's parameters (He et al. 2020). Buffers are flat; `shadow` holds the rounded averages, which the layers read.
// Does nothing once status[kStatusNonfinite] is set.
struct MovingAverage {
  ConstView value;  // f32
  View average;     // f32
  View shadow;      // bf16, or absent
  MomentumSchedule momentum;
  ConstView status;  // i32 [kStatusSize]
  Cost cost() const {
    return {.bytes = 3 * bytes_of(average) + bytes_of(shadow), .operations = 3 * average.shape.elements()};
  }
};

KERNEL(moving_average, MovingAverage);

}  // namespace kernels

template <>
inline constexpr std::array engine::kNames<kernels::MomentumSchedule::Kind> = {"constant", "cosine"};
