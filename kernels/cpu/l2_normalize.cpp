#include "kernels/l2_normalize.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/loops.h"

namespace kernels::cpu {
namespace {

template <class T>
float dot(const T* a, const T* b, std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += static_cast<float>(a[j]) * static_cast<float>(b[j]);
  return sum;
}

}  // namespace

void l2_normalize_forward(const Context&, const L2NormalizeForward& args) {
  const std::int64_t n = args.x.shape.rows(), d = args.x.shape.cols();
  float* inv_norm = args.inv_norm.as<float>();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* xs = args.x.as<T>();
    T* ys = args.y.as<T>();
#pragma omp parallel for schedule(static) if (n * d >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) {
      const T* x = xs + i * d;
      T* y = ys + i * d;
      const float factor = 1 / std::sqrt(std::max(dot(x, x, d), kNormalizeFloor));
#pragma omp simd
      for (std::int64_t j = 0; j < d; ++j) store(y[j], static_cast<float>(x[j]) * factor);
      inv_norm[i] = factor;
    }
  });
}

void l2_normalize_backward(const Context&, const L2NormalizeBackward& args) {
  const std::int64_t n = args.y.shape.rows(), d = args.y.shape.cols();
  const float* inv_norm = args.inv_norm.as<float>();
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    const T *dys = args.dy.as<T>(), *ys = args.y.as<T>();
    T* dxs = args.dx.view.as<T>();
#pragma omp parallel for schedule(static) if (n * d >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) {
      const T *dy = dys + i * d, *y = ys + i * d;
      T* dx = dxs + i * d;
      const float factor = inv_norm[i];
      const float along = factor < kNormalizeLargestFactor ? dot(dy, y, d) : 0;
      const auto gradient = [=](std::int64_t j) {
        return (static_cast<float>(dy[j]) - along * static_cast<float>(y[j])) * factor;
      };
      if (args.dx.accumulate) {
#pragma omp simd
        for (std::int64_t j = 0; j < d; ++j) store(dx[j], static_cast<float>(dx[j]) + gradient(j));
      } else {
#pragma omp simd
        for (std::int64_t j = 0; j < d; ++j) store(dx[j], gradient(j));
      }
    }
  });
}

}  // namespace kernels::cpu
