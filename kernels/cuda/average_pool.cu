#include "kernels/average_pool.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/pool_sizes.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

using Range = IndexRange<int>;

/// How many taps of a window count in one direction.
__device__ int counted(Range taps, int window, bool counts_padding) {
  return counts_padding ? window : taps.end - taps.begin;
}

// One block per row of windows; one thread per window and kWidth channels.
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) average_windows(const T* xs, PoolSizes g, bool counts_padding, T* ys) {
  const int image = static_cast<int>(blockIdx.x) / g.p, p = static_cast<int>(blockIdx.x) % g.p;
  const int groups = g.c / kWidth, row = p * g.stride - g.before_rows;
  const Range rs = taps_inside(row, g.window, g.h);
  for (int i = static_cast<int>(threadIdx.x); i < g.q * groups; i += kThreads) {
    const int q = i / groups, channel = i % groups * kWidth, column = q * g.stride - g.before_columns;
    const Range ss = taps_inside(column, g.window, g.w);
    const int taps = (rs.end - rs.begin) * (ss.end - ss.begin);
    const float factor = 1 / static_cast<float>(counts_padding ? g.window * g.window : taps);
    float sums[kWidth] = {};
#pragma unroll 1  // unrolling would spill registers
    for (int r = rs.begin; r < rs.end; ++r) {
#pragma unroll 1
      for (int s = ss.begin; s < ss.end; ++s) {
        const auto lanes =
            load<kWidth>(xs + ((static_cast<std::int64_t>(image) * g.h + row + r) * g.w + column + s) * g.c + channel);
#pragma unroll
        for (int j = 0; j < kWidth; ++j) sums[j] += static_cast<float>(lanes.lane[j]);
      }
    }
#pragma unroll
    for (int j = 0; j < kWidth; ++j) sums[j] *= factor;
    write<false>(ys + (static_cast<std::int64_t>(blockIdx.x) * g.q + q) * g.c + channel, sums);
  }
}

// One block per row of pixels; each pixel gathers from the windows over it, in a fixed order.
template <int kWidth, bool kAccumulate, class T>
__global__ void __launch_bounds__(kThreads) spread_gradient(const T* dys, PoolSizes g, bool counts_padding, T* dxs) {
  const int image = static_cast<int>(blockIdx.x) / g.h, row = static_cast<int>(blockIdx.x) % g.h + g.before_rows;
  const int groups = g.c / kWidth;
  const Range ps = windows_over(row, g.window, g.stride, g.p);
  for (int i = static_cast<int>(threadIdx.x); i < g.w * groups; i += kThreads) {
    const int pixel = i / groups, channel = i % groups * kWidth;
    const Range qs = windows_over(pixel + g.before_columns, g.window, g.stride, g.q);
    float sums[kWidth] = {};
#pragma unroll 1  // few windows cover a pixel; unrolling would spill registers
    for (int p = ps.begin; p < ps.end; ++p) {
      const int rows = counted(taps_inside(p * g.stride - g.before_rows, g.window, g.h), g.window, counts_padding);
      const T* dy = dys + (static_cast<std::int64_t>(image) * g.p + p) * g.q * g.c + channel;
#pragma unroll 1
      for (int q = qs.begin; q < qs.end; ++q) {
        const Range ss = taps_inside(q * g.stride - g.before_columns, g.window, g.w);
        const float factor = 1 / static_cast<float>(rows * counted(ss, g.window, counts_padding));
        const auto gradients = load<kWidth>(dy + q * g.c);
#pragma unroll
        for (int j = 0; j < kWidth; ++j) sums[j] += static_cast<float>(gradients.lane[j]) * factor;
      }
    }
    write<kAccumulate>(dxs + (static_cast<std::int64_t>(blockIdx.x) * g.w + pixel) * g.c + channel, sums);
  }
}

}  // namespace

void average_pool_forward(const Context& context, const AveragePoolForward& args) {
  const PoolGeometry& g = args.g;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    T* y = args.y.as<T>();
    with_width<T>(g.c % kWidest<T> == 0 && aligned({x, y}), [&](auto width) {
      launch(block_each(g.n * g.p(), stream(context)), average_windows<width.value, T>, x, PoolSizes(g),
             args.counts_padding, y);
    });
  });
}

void average_pool_backward(const Context& context, const AveragePoolBackward& args) {
  const PoolGeometry& g = args.g;
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dy = args.dy.as<T>();
    T* dx = args.dx.view.as<T>();
    with_width<T>(g.c % kWidest<T> == 0 && aligned({dy, dx}), [&](auto width) {
      with_flag(args.dx.accumulate, [&](auto accumulate) {
        launch(block_each(g.n * g.h, stream(context)), spread_gradient<width.value, accumulate.value, T>, dy,
               PoolSizes(g), args.counts_padding, dx);
      });
    });
  });
}

}  // namespace kernels::cuda
