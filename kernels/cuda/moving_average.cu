#include "kernels/moving_average.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/training.h"

namespace kernels::cuda {
namespace {

constexpr int kWidth = 4;  // flat buffers are multiples of 32 elements, aligned to 128 bytes

template <bool kShadow>
__global__ void __launch_bounds__(kThreads)
    move_average(float* average, bf16* shadow, const float* value, std::int64_t count, MomentumSchedule momentum,
                 const std::int32_t* status) {
  if (status[kStatusNonfinite] != 0) return;
  const auto rate = static_cast<float>(1 - momentum.at(status[kStatusStep]));
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    const auto from = load<kWidth>(average + i), to = load<kWidth>(value + i);
    float now[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) now[j] = from.lane[j] + rate * (to.lane[j] - from.lane[j]);
    write<false>(average + i, now);
    if constexpr (kShadow) write<false>(shadow + i, now);
  }
}

}  // namespace

void moving_average(const Context& context, const MovingAverage& args) {
  const std::int64_t count = args.average.shape.elements();
  const bool shadowed = static_cast<bool>(args.shadow);
  with_flag(shadowed, [&](auto shadow) {
    launch(strided(ceil_div(count, kWidth), stream(context)), move_average<shadow.value>, args.average.as<float>(),
           shadowed ? args.shadow.as<bf16>() : nullptr, args.value.as<float>(), count, args.momentum,
           args.status.as<std::int32_t>());
  });
}

}  // namespace kernels::cuda
