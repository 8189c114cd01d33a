#pragma once
#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"

namespace kernels::cuda {

template <bool kAccumulate, int kWidth, class T, class F, class... Loaded>
__device__ __forceinline__ void combine(T* to, const F& f, const Loaded&... inputs) {
  float values[kWidth];
#pragma unroll
  for (int j = 0; j < kWidth; ++j) values[j] = f(static_cast<float>(inputs.lane[j])...);
  write<kAccumulate>(to, values);
}

// to[i] (+)= f(inputs[i]...)
template <int kWidth, bool kAccumulate, class F, class T, class... Inputs>
__global__ void __launch_bounds__(kThreads) elementwise(T* to, std::int64_t count, F f, const Inputs*... inputs) {
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    if (i + kWidth <= count) {
      combine<kAccumulate, kWidth>(to + i, f, load<kWidth>(inputs + i)...);
    } else {
      for (std::int64_t j = i; j < count; ++j) combine<kAccumulate, 1>(to + j, f, load<1>(inputs + j)...);
    }
  }
}

/// to[i] (+)= f(inputs[i]...) for all elements; inputs may be what is written.
template <class T, class F, class... Inputs>
void write_elements(const Context& context, const Destination& to, const F& f, const Inputs*... inputs) {
  T* y = to.view.as<T>();
  const std::int64_t count = to.view.shape.elements();
  with_width<T>(aligned({y, inputs...}), [&](auto width) {
    with_flag(to.accumulate, [&](auto accumulate) {
      launch(strided(ceil_div(count, width.value), stream(context)),
             elementwise<width.value, accumulate.value, F, T, Inputs...>, y, count, f, inputs...);
    });
  });
}

}  // namespace kernels::cuda
