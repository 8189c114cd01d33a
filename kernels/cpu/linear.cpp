#include "kernels/linear.h"

#include <algorithm>

#include "kernels/cpu/loops.h"
#include "kernels/cpu/matmul.h"

namespace kernels::cpu {

void linear_forward(const Context&, const LinearForward& args) {
  EXPECTS(args.x.dtype == Dtype::f32 && args.weight.dtype == Dtype::f32, "linear: the CPU kernel takes f32, got x ",
          name(args.x.dtype), " and weight ", name(args.weight.dtype));
  const std::int64_t n = args.x.shape.rows(), c = args.x.shape.cols(), k = args.weight.shape.rows();
  if (args.bias) {  // the product is added to rows that already hold the bias: no pass over y after it
    const float* bias = args.bias.as<float>();
    float* y = args.y.as<float>();
#pragma omp parallel for schedule(static) if (n * k >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(bias, k, y + i * k);
  }
  matmul({.m = n, .n = k, .k = c}, args.x.as<float>(), args.weight.as<float>(), args.y.as<float>(),
         {.transpose_b = true, .accumulate = static_cast<bool>(args.bias)});
}

void linear_dgrad(const Context&, const LinearDgrad& args) {
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols(), c = args.weight.shape.cols();
  matmul({.m = n, .n = c, .k = k}, args.dy.as<float>(), args.weight.as<float>(), args.dx.view.as<float>(),
         {.accumulate = args.dx.accumulate});
}

void linear_wgrad(const Context&, const LinearWgrad& args) {
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols(), c = args.x.shape.cols();
  matmul({.m = k, .n = c, .k = n}, args.dy.as<float>(), args.x.as<float>(), args.dweight.view.as<float>(),
         {.transpose_a = true, .accumulate = args.dweight.accumulate});
}

void bias_grad(const Context&, const BiasGrad& args) {
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols();
  const float* dy = args.dy.as<float>();
  float* dbias = args.dbias.view.as<float>();
  if (!args.dbias.accumulate) std::fill_n(dbias, k, 0.0f);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma omp simd
    for (std::int64_t j = 0; j < k; ++j) dbias[j] += dy[i * k + j];
  }
}

}  // namespace kernels::cpu
