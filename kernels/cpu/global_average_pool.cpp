#include "kernels/global_average_pool.h"

#include <algorithm>

#include "kernels/cpu/loops.h"

namespace kernels::cpu {
namespace {

/// Channels summed together: their partial sums stay in registers while the image is read once.
constexpr std::int64_t kTile = 64;

}  // namespace

void global_average_pool_forward(const Context&, const GlobalAveragePoolForward& args) {
  const std::int64_t n = args.x.shape[0], hw = args.x.shape[1] * args.x.shape[2], c = args.x.shape[3];
  const float factor = 1 / static_cast<float>(hw);
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    T* y = args.y.as<T>();
#pragma omp parallel for collapse(2) schedule(static) if (n * hw * c >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t begin = 0; begin < c; begin += kTile) {
        const std::int64_t width = std::min(kTile, c - begin);
        float sums[kTile] = {};
        for (std::int64_t pixel = 0; pixel < hw; ++pixel) {
          const T* channels = x + (i * hw + pixel) * c + begin;
#pragma omp simd
          for (std::int64_t j = 0; j < width; ++j) sums[j] += static_cast<float>(channels[j]);
        }
        for (std::int64_t j = 0; j < width; ++j) store(y[i * c + begin + j], sums[j] * factor);
      }
    }
  });
}

void global_average_pool_backward(const Context&, const GlobalAveragePoolBackward& args) {
  const Shape& shape = args.dx.view.shape;
  const std::int64_t n = shape[0], hw = shape[1] * shape[2], c = shape[3];
  const float factor = 1 / static_cast<float>(hw);
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dys = args.dy.as<T>();
    T* dxs = args.dx.view.as<T>();
#pragma omp parallel for collapse(2) schedule(static) if (n * hw * c >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t pixel = 0; pixel < hw; ++pixel) {
        const T* dy = dys + i * c;
        T* dx = dxs + (i * hw + pixel) * c;
        if (args.dx.accumulate) {
#pragma omp simd
          for (std::int64_t j = 0; j < c; ++j)
            store(dx[j], static_cast<float>(dx[j]) + static_cast<float>(dy[j]) * factor);
        } else {
#pragma omp simd
          for (std::int64_t j = 0; j < c; ++j) store(dx[j], static_cast<float>(dy[j]) * factor);
        }
      }
    }
  });
}

}  // namespace kernels::cpu
