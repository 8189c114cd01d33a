#include "kernels/global_average_pool.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

// A thread sums kWidth channels of one image over all pixels. Adjacent threads take adjacent channels, so that loads
// are coalesced.
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads)
    average_pixels(const T* x, std::int64_t n, std::int64_t hw, std::int64_t c, float factor, T* y) {
  const std::int64_t groups = c / kWidth;
  for (std::int64_t i = first_in_grid(); i < n * groups; i += grid_stride()) {
    const std::int64_t image = i / groups, channel = i % groups * kWidth;
    float sums[kWidth] = {};
    for (std::int64_t pixel = 0; pixel < hw; ++pixel) {
      const auto lanes = load<kWidth>(x + (image * hw + pixel) * c + channel);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) sums[j] += static_cast<float>(lanes.lane[j]);
    }
#pragma unroll
    for (int j = 0; j < kWidth; ++j) sums[j] *= factor;
    write<false>(y + image * c + channel, sums);
  }
}

template <int kWidth, bool kAccumulate, class T>
__global__ void __launch_bounds__(kThreads)
    spread_over_pixels(const T* dy, std::int64_t n, std::int64_t hw, std::int64_t c, float factor, T* dx) {
  const std::int64_t groups = c / kWidth;
  for (std::int64_t i = first_in_grid(); i < n * groups; i += grid_stride()) {
    const std::int64_t image = i / groups, channel = i % groups * kWidth;
    const auto lanes = load<kWidth>(dy + image * c + channel);
    float values[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) values[j] = static_cast<float>(lanes.lane[j]) * factor;
    for (std::int64_t pixel = 0; pixel < hw; ++pixel) {
      write<kAccumulate>(dx + (image * hw + pixel) * c + channel, values);
    }
  }
}

}  // namespace

void global_average_pool_forward(const Context& context, const GlobalAveragePoolForward& args) {
  const std::int64_t n = args.x.shape[0], hw = args.x.shape[1] * args.x.shape[2], c = args.x.shape[3];
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    T* y = args.y.as<T>();
    with_width<T>(c % kWidest<T> == 0 && aligned({x, y}), [&](auto width) {
      launch(strided(n * (c / width.value), stream(context)), average_pixels<width.value, T>, x, n, hw, c,
             1 / static_cast<float>(hw), y);
    });
  });
}

void global_average_pool_backward(const Context& context, const GlobalAveragePoolBackward& args) {
  const Shape& shape = args.dx.view.shape;
  const std::int64_t n = shape[0], hw = shape[1] * shape[2], c = shape[3];
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dy = args.dy.as<T>();
    T* dx = args.dx.view.as<T>();
    with_width<T>(c % kWidest<T> == 0 && aligned({dy, dx}), [&](auto width) {
      with_flag(args.dx.accumulate, [&](auto accumulate) {
        launch(strided(n * (c / width.value), stream(context)), spread_over_pixels<width.value, accumulate.value, T>,
               dy, n, hw, c, 1 / static_cast<float>(hw), dx);
      });
    });
  });
}

}  // namespace kernels::cuda
