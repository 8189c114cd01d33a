#include "kernels/conv2d.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/cuda/check.h"
#include "kernels/cuda/convolution_algorithms.h"
#include "tests/cuda/comparison.h"

using namespace engine;
using namespace kernels;
using tests::Comparison;

namespace {

struct Case {
  std::int64_t n, h, w, c, k, r, stride, pad;
};
constexpr Case kCases[] = {{1, 1, 1, 1, 1, 1, 1, 0},    {2, 28, 28, 1, 32, 3, 2, 0},   {3, 13, 13, 32, 64, 3, 2, 0},
                           {2, 7, 5, 3, 7, 3, 1, 1},    {1, 11, 11, 6, 5, 5, 3, 2},    {2, 28, 28, 21, 32, 3, 2, 0},
                           {2, 6, 6, 64, 64, 3, 2, 0},  {1, 9, 8, 16, 8, 1, 2, 0},     {0, 8, 8, 3, 4, 3, 1, 1},
                           {2, 56, 56, 3, 64, 7, 2, 3}, {4, 28, 28, 64, 128, 3, 1, 1}, {4, 14, 14, 256, 512, 1, 2, 0},
                           {5, 7, 7, 512, 128, 1, 1, 0}};

Conv2dGeometry geometry(const Case& g) {
  return {.n = g.n, .h = g.h, .w = g.w, .c = g.c, .k = g.k, .r = g.r, .s = g.r, .stride = g.stride, .pad = g.pad};
}

/// f32 may use Winograd's transforms; a bf16 result may be rounded to bf16 before it is added or converted.
double tolerance(std::int64_t terms, Dtype operands) {
  return 1e-6 * static_cast<double>(terms + 8) + (operands == Dtype::bf16 ? tests::rounding(operands) : 0);
}

/// All three passes of one convolution on both devices.
void compare(const Comparison& on, const Conv2dGeometry& g) {
  const Shape image{g.n, g.h, g.w, g.c}, filter{g.k, g.r, g.s, g.c}, output{g.n, g.p(), g.q(), g.k};
  const Tensor x = on.operand(image, 1), weight = on.operand(filter, 2), dy = on.operand(output, 3);
  const auto error = [&](std::int64_t terms) { return tolerance(terms, on.types.operands); };
  on.expect_close(cpu::conv2d_forward, cuda::conv2d_forward, {x, weight}, output, error(g.r * g.s * g.c),
                  [&](const auto& in, View y) { return Conv2dForward{.g = g, .x = in[0], .weight = in[1], .y = y}; });
  for (const bool accumulate : {false, true}) {
    CAPTURE(accumulate);
    on.expect_close(cpu::conv2d_dgrad, cuda::conv2d_dgrad, {dy, weight}, image, error(g.r * g.s * g.k),
                    [&](const auto& in, View dx) {
                      return Conv2dDgrad{.g = g, .dy = in[0], .weight = in[1], .dx = {dx, accumulate}};
                    });
    on.expect_close(cpu::conv2d_wgrad, cuda::conv2d_wgrad, {dy, x}, filter, error(g.n * g.p() * g.q()),
                    [&](const auto& in, View dweight) {
                      return Conv2dWgrad{.g = g, .dy = in[0], .x = in[1], .dweight = {dweight, accumulate}};
                    });
  }
}

void compare_all(const Comparison& on) {
  for (const Case& sizes : kCases) {
    CAPTURE(sizes.h);
    CAPTURE(sizes.c);
    CAPTURE(sizes.k);
    compare(on, geometry(sizes));
  }
}

}  // namespace

TEST_CASE("cuda conv2d: all passes equal the CPU's, over and on top of what is there, and repeat bit for bit") {
  tests::compare_devices(compare_all);
}

TEST_CASE("cuda conv2d: whichever algorithm was timed to be the fastest gives the same result but for rounding") {
  const Context cpu = make_context(), cuda = tests::cuda_context();
  cuda.algorithms().time_new(true);
  for (const tests::OperandTypes& types : tests::kOperandTypes) compare_all({cpu, cuda, types});
  CHECK_FALSE(cuda.algorithms().used().empty());

  const Context later = tests::cuda_context();  // restored: nothing is timed, and the algorithms are the same
  later.algorithms().restore(cuda.algorithms().used());
  for (const tests::OperandTypes& types : tests::kOperandTypes) compare_all({cpu, later, types});
  CHECK(later.algorithms().used() == cuda.algorithms().used());
}

TEST_CASE("cuda conv2d: a slice that is aligned to its elements only") {
  tests::compare_devices([](const Comparison& on) {
    const Conv2dGeometry g{.n = 1, .h = 5, .w = 5, .c = 3, .k = 4, .r = 3, .s = 3, .stride = 1, .pad = 1};
    on.expect_close(cpu::conv2d_forward, cuda::conv2d_forward,
                    {on.operand({2, 5, 5, 3}, 1), on.operand({4, 3, 3, 3}, 2)}, {1, 5, 5, 4},
                    tolerance(27, on.types.operands), [&](const auto& in, View y) {
                      return Conv2dForward{.g = g, .x = in[0].narrow(1, 1), .weight = in[1], .y = y};
                    });
  });
}

TEST_CASE("cuda conv2d: tf32 rounds the operands of f32 products, where it is allowed") {
  const Context cpu = make_context(), cuda = tests::cuda_context({.f32_products = cuda::F32Products::tf32});
  const Comparison on{cpu, cuda, {Dtype::f32, Dtype::f32}};
  const Conv2dGeometry g{.n = 4, .h = 14, .w = 14, .c = 64, .k = 64, .r = 3, .s = 3, .stride = 1, .pad = 1};
  on.expect_close(cpu::conv2d_forward, cuda::conv2d_forward,
                  {on.operand({4, 14, 14, 64}, 1), on.operand({64, 3, 3, 64}, 2)}, {4, 14, 14, 64},
                  0x1p-9 * std::sqrt(9 * 64),
                  [&](const auto& in, View y) { return Conv2dForward{.g = g, .x = in[0], .weight = in[1], .y = y}; });
}

TEST_CASE("cuda conv2d: no plan is made while a CUDA graph is captured") {
  const Context cuda = tests::cuda_context();
  const Conv2dGeometry g{.n = 1, .h = 4, .w = 4, .c = 8, .k = 8, .r = 3, .s = 3, .stride = 1, .pad = 1};
  const Tensor x = Tensor::zeros(cuda, {1, 4, 4, 8}), weight = Tensor::zeros(cuda, {8, 3, 3, 8});
  const Tensor y = Tensor::zeros(cuda, {1, 4, 4, 8});
  const auto convolve = [&] { cuda::conv2d_forward(cuda, {.g = g, .x = x, .weight = weight, .y = y}); };
  const auto stream = cuda::stream(cuda);
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  CHECK_THROWS_WITH_AS(
      convolve(),
      "conv2d_forward x=1x4x4x8 weight=8x3x3x8 stride=1 pad=1 f32: a CUDA graph is being captured, and "
      "there is no plan yet; run the step once before, outside of the graph",
      Error);
  cudaGraph_t graph = nullptr;
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  CUDA_CHECK(cudaGraphDestroy(graph));
  CHECK_NOTHROW(convolve());
}

TEST_CASE("cuda conv2d: a recorded convolution outlives the plan that it was recorded with") {
  const Context cuda = tests::cuda_context();
  const Conv2dGeometry g{.n = 2, .h = 8, .w = 8, .c = 16, .k = 16, .r = 3, .s = 3, .stride = 1, .pad = 1};
  const Tensor x = tests::random_tensor(cuda, {2, 8, 8, 16}, 1), weight = tests::random_tensor(cuda, {16, 3, 3, 16}, 2);
  const Tensor y = Tensor::zeros(cuda, {2, 8, 8, 16});
  const auto convolve = [&] { cuda::conv2d_forward(cuda, {.g = g, .x = x, .weight = weight, .y = y}); };
  convolve();
  const std::vector<float> expected = y.to_host<float>();
  Pool::Arena arena(cuda.pool());
  const auto recorded = cuda.backend().capture(convolve);
  arena.end_capture();
  cuda.algorithms().restore({{"another problem", "another algorithm"}});
  convolve();  // plans again
  y.upload<float>(std::vector<float>(expected.size(), -1));
  recorded->launch();
  CHECK(y.to_host<float>() == expected);
}
