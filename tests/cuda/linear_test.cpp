#include "kernels/linear.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/cuda/check.h"
#include "tests/cuda/comparison.h"

using namespace engine;
using namespace kernels;
using tests::Comparison;
using tests::moved;
using tests::random_tensor;

namespace {

struct Case {
  std::int64_t n, c, k;
};
constexpr Case kCases[] = {{1, 1, 1},         {3, 5, 7},      {17, 130, 10}, {64, 256, 128}, {255, 21, 33},
                           {512, 2048, 1000}, {4096, 64, 64}, {0, 4, 3},     {8192, 128, 1}, {2, 4096, 5}};

double tolerance(std::int64_t terms, Dtype result) {
  return 1e-7 * static_cast<double>(terms + 8) + (result == Dtype::bf16 ? tests::rounding(result) : 0);
}

template <class Body>
void for_all(const Body& body) {
  tests::compare_devices([&](const Comparison& on) {
    for (const Case& sizes : kCases) {
      CAPTURE(sizes.n);
      CAPTURE(sizes.c);
      CAPTURE(sizes.k);
      body(on, sizes);
    }
  });
}

}  // namespace

TEST_CASE("cuda linear: the forward pass equals the CPU's, with and without bias, and repeats bit for bit") {
  for_all([](const Comparison& on, const Case& sizes) {
    const auto& [n, c, k] = sizes;
    const double error = tolerance(c, on.types.result);
    const Tensor x = on.operand({n, c}, 1), weight = on.operand({k, c}, 2);
    on.expect_close(cpu::linear_forward, cuda::linear_forward, {x, weight}, {n, k}, error, [](const auto& in, View y) {
      return LinearForward{.x = in[0], .weight = in[1], .bias = {}, .y = y};
    });
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      const Tensor bias = random_tensor(on.cpu, {k}, 3, dtype);
      on.expect_close(
          cpu::linear_forward, cuda::linear_forward, {x, weight, bias}, {n, k}, error,
          [](const auto& in, View y) { return LinearForward{.x = in[0], .weight = in[1], .bias = in[2], .y = y}; });
    }
  });
}

TEST_CASE("cuda linear: both gradients equal the CPU's, over and on top of what is there") {
  for_all([](const Comparison& on, const Case& sizes) {
    const auto& [n, c, k] = sizes;
    const Tensor x = on.operand({n, c}, 1), weight = on.operand({k, c}, 2), dy = on.operand({n, k}, 3);
    for (const bool accumulate : {false, true}) {
      CAPTURE(accumulate);
      on.expect_close(cpu::linear_dgrad, cuda::linear_dgrad, {dy, weight}, {n, c}, tolerance(k, on.types.result),
                      [&](const auto& in, View dx) {
                        return LinearDgrad{.dy = in[0], .weight = in[1], .dx = {dx, accumulate}};
                      });
      on.expect_close(cpu::linear_wgrad, cuda::linear_wgrad, {dy, x}, {k, c}, tolerance(n, on.types.result),
                      [&](const auto& in, View dweight) {
                        return LinearWgrad{.dy = in[0], .x = in[1], .dweight = {dweight, accumulate}};
                      });
    }
  });
}

TEST_CASE("cuda linear: slices that are aligned to their elements only") {
  tests::compare_devices([](const Comparison& on) {
    const Tensor x = on.operand({9, 7}, 1), weight = on.operand({5, 7}, 2);
    on.expect_close(cpu::linear_forward, cuda::linear_forward, {x, weight}, {8, 5}, tolerance(7, on.types.result),
                    [](const auto& in, View y) {
                      return LinearForward{.x = in[0].narrow(1, 8), .weight = in[1], .bias = {}, .y = y};
                    });
  });
}

TEST_CASE("cuda linear: tf32 rounds the operands of f32 products, where it is allowed") {
  const Context cpu = make_context(), cuda = tests::cuda_context({.f32_products = cuda::F32Products::tf32});
  const Comparison on{cpu, cuda, {Dtype::f32, Dtype::f32}};
  constexpr std::int64_t kTerms = 256;
  on.expect_close(
      cpu::linear_forward, cuda::linear_forward, {on.operand({64, kTerms}, 1), on.operand({128, kTerms}, 2)}, {64, 128},
      0x1p-9 * std::sqrt(kTerms),
      [](const auto& in, View y) { return LinearForward{.x = in[0], .weight = in[1], .bias = {}, .y = y}; });
}

TEST_CASE("cuda linear: no plan is made while a CUDA graph is captured") {
  const Context cuda = tests::cuda_context();
  const Tensor x = Tensor::zeros(cuda, {2, 4}), weight = Tensor::zeros(cuda, {3, 4}), y = Tensor::zeros(cuda, {2, 3});
  const auto multiply = [&] { cuda::linear_forward(cuda, {.x = x, .weight = weight, .bias = {}, .y = y}); };
  const auto stream = cuda::stream(cuda);
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  CHECK_THROWS_WITH_AS(multiply(),
                       "product 2x3x4 nt f32 to f32: a CUDA graph is being captured, and there is no plan yet; run the "
                       "step once before, outside of the graph",
                       Error);
  cudaGraph_t graph = nullptr;
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  CUDA_CHECK(cudaGraphDestroy(graph));
  CHECK_NOTHROW(multiply());
}
