#include "kernels/linear.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "kernels/convert.h"
#include "kernels/cuda/blas.h"
#include "kernels/cuda/operand_types.h"
#include "kernels/cuda/workspace.h"

namespace kernels::cuda {
namespace {

// c[m,n] (+)= op(a) op(b) + bias[n], row-major
struct Product {
  std::int64_t m, n, k;
  ConstView a, b;
  bool transpose_a = false, transpose_b = false;
  ConstView bias = {};  // absent, or of c's dtype
  Destination c;
};

std::uint32_t alignment(const void* address) {
  constexpr std::uintptr_t kMost = 256;  // the largest alignment that cuBLASLt distinguishes
  return static_cast<std::uint32_t>(std::uintptr_t{1}
                                    << std::countr_zero(reinterpret_cast<std::uintptr_t>(address) | kMost));
}

void multiply(const Context& context, const Product& product) {
  const auto& [m, n, k, a, b, transpose_a, transpose_b, bias, c] = product;
  if (m == 0 || n == 0) return;
  if (k == 0) {  // the sum is empty
    if (!c.accumulate) context.backend().fill_zero(c.view.data, static_cast<std::size_t>(bytes_of(ConstView(c.view))));
    return;
  }
  const ProductGeometry geometry{.m = m,
                                 .n = n,
                                 .k = k,
                                 .transpose_a = transpose_a,
                                 .transpose_b = transpose_b,
                                 .bias = static_cast<bool>(bias),
                                 .operands = a.dtype,
                                 .result = c.view.dtype,
                                 .a_alignment = alignment(a.data),
                                 .b_alignment = alignment(b.data),
                                 .c_alignment = alignment(c.view.data),
                                 .bias_alignment = bias ? alignment(bias.data) : 0};
  Blas& library = blas(context);
  const ProductPlan& plan = library.plan(context, geometry, bias.data);
  if (bias) {
    CUBLAS_CHECK(cublasLtMatmulDescSetAttribute(plan.product.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias.data,
                                                sizeof(bias.data)));
  }
  const Workspace workspace(context, plan.workspace_bytes);
  const float alpha = 1, beta = c.accumulate ? 1 : 0;
  CUBLAS_CHECK(cublasLtMatmul(library.handle(), plan.product.get(), &alpha, b.data, plan.a.get(), a.data, plan.b.get(),
                              &beta, c.view.data, plan.c.get(), c.view.data, plan.c.get(), &plan.algorithm,
                              workspace.data(), workspace.bytes(), stream(context)));
}

}  // namespace

void linear_forward(const Context& context, const LinearForward& args) {
  expect_operand_types("linear", {"x", args.x}, {"weight", args.weight}, {"y", args.y});
  const std::int64_t n = args.x.shape.rows(), c = args.x.shape.cols(), k = args.weight.shape.rows();
  EXPECTS(c > 0, "linear: x must have features, got ", args.x.shape);
  ConstView bias = args.bias;
  std::optional<engine::Scratch> converted;
  if (bias && bias.dtype != args.y.dtype && n > 0) {  // the epilogue takes only a bias of the result's dtype
    const View like_y{
        converted.emplace(context, static_cast<std::size_t>(k) * engine::size_of(args.y.dtype)).as<void>(),
        args.y.dtype, bias.shape};
    convert(context, Convert{.x = bias, .y = {like_y}});
    bias = like_y;
  }
  multiply(context,
           {.m = n, .n = k, .k = c, .a = args.x, .b = args.weight, .transpose_b = true, .bias = bias, .c = {args.y}});
}

void linear_dgrad(const Context& context, const LinearDgrad& args) {
  expect_operand_types("linear", {"dy", args.dy}, {"weight", args.weight}, {"dx", args.dx.view});
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols(), c = args.weight.shape.cols();
  multiply(context, {.m = n, .n = c, .k = k, .a = args.dy, .b = args.weight, .c = args.dx});
}

void linear_wgrad(const Context& context, const LinearWgrad& args) {
  expect_operand_types("linear", {"dy", args.dy}, {"x", args.x}, {"dweight", args.dweight.view});
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols(), c = args.x.shape.cols();
  multiply(context, {.m = k, .n = c, .k = n, .a = args.dy, .b = args.x, .transpose_a = true, .c = args.dweight});
}

}  // namespace kernels::cuda
