#include "kernels/l2_normalize.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

/// The warp's scalar product of two rows.
template <int kWidth, class T>
__device__ float dot(const T* a, const T* b, std::int64_t d) {
  float sum = 0;
#pragma unroll 1  // one or few iterations per row; unrolling would spill registers
  for (std::int64_t j = lane_in_warp() * kWidth; j < d; j += kWarp * kWidth) {
    const auto left = load<kWidth>(a + j), right = load<kWidth>(b + j);
#pragma unroll
    for (int k = 0; k < kWidth; ++k) sum += static_cast<float>(left.lane[k]) * static_cast<float>(right.lane[k]);
  }
  return warp_sum(sum);
}

// One warp per row. It reads the row twice, the second time from the cache.
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads)
    normalize_rows(const T* xs, std::int64_t n, std::int64_t d, T* ys, float* inv_norm) {
  const std::int64_t row = warp_in_grid();
  if (row >= n) return;
  const T* x = xs + row * d;
  const float factor = 1 / sqrtf(fmaxf(dot<kWidth>(x, x, d), kNormalizeFloor));
#pragma unroll 1
  for (std::int64_t j = lane_in_warp() * kWidth; j < d; j += kWarp * kWidth) {
    const auto lanes = load<kWidth>(x + j);
    float values[kWidth];
#pragma unroll
    for (int k = 0; k < kWidth; ++k) values[k] = static_cast<float>(lanes.lane[k]) * factor;
    write<false>(ys + row * d + j, values);
  }
  if (lane_in_warp() == 0) inv_norm[row] = factor;
}

template <int kWidth, bool kAccumulate, class T>
__global__ void __launch_bounds__(kThreads)
    normalize_rows_backward(const T* dys, const T* ys, const float* inv_norm, std::int64_t n, std::int64_t d, T* dxs) {
  const std::int64_t row = warp_in_grid();
  if (row >= n) return;
  const T *dy = dys + row * d, *y = ys + row * d;
  const float factor = inv_norm[row];
  const float along = factor < kNormalizeLargestFactor ? dot<kWidth>(dy, y, d) : 0.0f;
#pragma unroll 1
  for (std::int64_t j = lane_in_warp() * kWidth; j < d; j += kWarp * kWidth) {
    const auto gradient = load<kWidth>(dy + j), direction = load<kWidth>(y + j);
    float values[kWidth];
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      values[k] = (static_cast<float>(gradient.lane[k]) - along * static_cast<float>(direction.lane[k])) * factor;
    }
    write<kAccumulate>(dxs + row * d + j, values);
  }
}

}  // namespace

void l2_normalize_forward(const Context& context, const L2NormalizeForward& args) {
  const std::int64_t n = args.x.shape.rows(), d = args.x.shape.cols();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    T* y = args.y.as<T>();
    with_width<T>(d % kWidest<T> == 0 && aligned({x, y}), [&](auto width) {
      launch(warp_each(n, stream(context)), normalize_rows<width.value, T>, x, n, d, y, args.inv_norm.as<float>());
    });
  });
}

void l2_normalize_backward(const Context& context, const L2NormalizeBackward& args) {
  const std::int64_t n = args.y.shape.rows(), d = args.y.shape.cols();
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    const T *dy = args.dy.as<T>(), *y = args.y.as<T>();
    T* dx = args.dx.view.as<T>();
    with_width<T>(d % kWidest<T> == 0 && aligned({dy, y, dx}), [&](auto width) {
      with_flag(args.dx.accumulate, [&](auto accumulate) {
        launch(warp_each(n, stream(context)), normalize_rows_backward<width.value, accumulate.value, T>, dy, y,
               args.inv_norm.as<float>(), n, d, dx);
      });
    });
  });
}

}  // namespace kernels::cuda
