#include "kernels/linear.h"

#include <algorithm>

#include "kernels/cpu/host_memory.h"
#include "kernels/cpu/loops.h"
#include "kernels/cpu/matmul.h"

namespace kernels::cpu {

namespace {

void expect_alike(const char* first, const ConstView& a, const char* second, const ConstView& b) {
  EXPECTS(a.dtype == b.dtype && (a.dtype == Dtype::f32 || a.dtype == Dtype::bf16),
          "linear: expected two matrices of f32 or two of bf16, got ", first, " ", name(a.dtype), " and ", second, " ",
          name(b.dtype));
}

}  // namespace

void linear_forward(const Context& context, const LinearForward& args) {
  expect_alike("x", args.x, "weight", args.weight);
  const std::int64_t n = args.x.shape.rows(), c = args.x.shape.cols(), k = args.weight.shape.rows();
  const float* bias = args.bias ? args.bias.as<float>() : nullptr;
  if (args.x.dtype == Dtype::bf16) {
    return matmul(context, {.m = n, .n = k, .k = c}, args.x.as<bf16>(), args.weight.as<bf16>(), {args.y},
                  {.transpose_b = true, .bias = bias});
  }
  expect_library_memory(context);
  if (bias != nullptr) {  // the product accumulates on rows preset to the bias: no second pass over y
    float* y = args.y.as<float>();
#pragma omp parallel for schedule(static) if (n * k >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(bias, k, y + i * k);
  }
  matmul({.m = n, .n = k, .k = c}, args.x.as<float>(), args.weight.as<float>(), args.y.as<float>(),
         {.transpose_b = true, .accumulate = bias != nullptr});
}

void linear_dgrad(const Context& context, const LinearDgrad& args) {
  expect_alike("dy", args.dy, "weight", args.weight);
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols(), c = args.weight.shape.cols();
  const MatmulSize size{.m = n, .n = c, .k = k};
  if (args.dy.dtype == Dtype::bf16) return matmul(context, size, args.dy.as<bf16>(), args.weight.as<bf16>(), args.dx);
  expect_library_memory(context);
  matmul(size, args.dy.as<float>(), args.weight.as<float>(), args.dx.view.as<float>(),
         {.accumulate = args.dx.accumulate});
}

void linear_wgrad(const Context& context, const LinearWgrad& args) {
  expect_alike("dy", args.dy, "x", args.x);
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols(), c = args.x.shape.cols();
  const MatmulSize size{.m = k, .n = c, .k = n};
  if (args.dy.dtype == Dtype::bf16)
    return matmul(context, size, args.dy.as<bf16>(), args.x.as<bf16>(), args.dweight, {.transpose_a = true});
  expect_library_memory(context);
  matmul(size, args.dy.as<float>(), args.x.as<float>(), args.dweight.view.as<float>(),
         {.transpose_a = true, .accumulate = args.dweight.accumulate});
}

void bias_grad(const Context&, const BiasGrad& args) {
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols();
  float* dbias = args.dbias.view.as<float>();
  if (!args.dbias.accumulate) std::fill_n(dbias, k, 0.0f);
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dy = args.dy.as<T>();
    for (std::int64_t i = 0; i < n; ++i) {
#pragma omp simd
      for (std::int64_t j = 0; j < k; ++j) dbias[j] += static_cast<float>(dy[i * k + j]);
    }
  });
}

}  // namespace kernels::cpu
