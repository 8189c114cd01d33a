#include "kernels/linear.h"

#include <algorithm>
#include <vector>

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

/// From so many rows on, such as the pixels of images, bias_grad sums parts of them in parallel and their totals in
/// double.
constexpr std::int64_t kManyRows = 1 << 16;

/// sums[j] += the sum of column j over `rows` rows. Some rows at a time are one vector, so that loops over them are
/// vectorised with few columns, too; at most 64 numbers are added up in f32.
template <class T>
void add_columns(const T* dy, std::int64_t rows, std::int64_t columns, double* sums) {
  const std::int64_t at_once = ceil_div(64, columns), period = at_once * columns;
  std::vector<float> partial(static_cast<std::size_t>(period));
  for (std::int64_t row = 0; row < rows; row += 64 * at_once) {
    const std::int64_t count = std::min(64 * at_once, rows - row) * columns;
    const T* x = dy + row * columns;
    float* to = partial.data();
    std::fill_n(to, period, 0.0f);
    for (std::int64_t i = 0; i < count; i += period) {
      const std::int64_t size = std::min(period, count - i);
#pragma omp simd
      for (std::int64_t j = 0; j < size; ++j) to[j] += static_cast<float>(x[i + j]);
    }
    for (std::int64_t j = 0; j < period; ++j) sums[j % columns] += static_cast<double>(to[j]);
  }
}

template <class T>
void sum_many_rows(const Context& context, const T* dy, std::int64_t rows, std::int64_t columns,
                   const Destination& dbias) {
  constexpr std::int64_t kParts = 64;
  const std::int64_t size = ceil_div(rows, kParts);
  std::vector<double> sums(static_cast<std::size_t>(kParts * columns));
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t part = 0; part < kParts; ++part) {
    const std::int64_t begin = std::min(part * size, rows), end = std::min(begin + size, rows);
    add_columns(dy + begin * columns, end - begin, columns, sums.data() + part * columns);
  }
  float* to = dbias.view.as<float>();
  for (std::int64_t j = 0; j < columns; ++j) {
    double total = dbias.accumulate ? static_cast<double>(to[j]) : 0;
    for (std::int64_t part = 0; part < kParts; ++part) total += sums[static_cast<std::size_t>(part * columns + j)];
    to[j] = static_cast<float>(total);
  }
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

void bias_grad(const Context& context, const BiasGrad& args) {
  const std::int64_t n = args.dy.shape.rows(), k = args.dy.shape.cols();
  if (n >= kManyRows) {
    return with_float_type(args.dy.dtype,
                           [&]<class T>(T*) { sum_many_rows(context, args.dy.as<T>(), n, k, args.dbias); });
  }
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
