#include "engine/ops/conv2d.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "kernels/conv2d.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

namespace {

struct Case {
  std::int64_t n, h, w, c, k, r, stride, pad;
};
constexpr Case kCases[] = {{1, 1, 1, 1, 1, 1, 1, 0},   {2, 28, 28, 1, 32, 3, 2, 0}, {3, 13, 13, 32, 64, 3, 2, 0},
                           {2, 7, 5, 3, 7, 3, 1, 1},   {1, 11, 11, 6, 5, 5, 3, 2},  {2, 28, 28, 21, 32, 3, 2, 0},
                           {2, 6, 6, 64, 64, 3, 2, 0}, {1, 9, 8, 16, 8, 1, 2, 0},   {0, 8, 8, 3, 4, 3, 1, 1}};

std::vector<double> plain_convolution(const Case& g, const std::vector<float>& x, const std::vector<float>& weight) {
  const std::int64_t p = (g.h + 2 * g.pad - g.r) / g.stride + 1, q = (g.w + 2 * g.pad - g.r) / g.stride + 1;
  std::vector<double> y;
  for (std::int64_t n = 0; n < g.n; ++n)
    for (std::int64_t i = 0; i < p; ++i)
      for (std::int64_t j = 0; j < q; ++j)
        for (std::int64_t k = 0; k < g.k; ++k) {
          double sum = 0;
          for (std::int64_t r = 0; r < g.r; ++r)
            for (std::int64_t s = 0; s < g.r; ++s) {
              const std::int64_t row = i * g.stride + r - g.pad, column = j * g.stride + s - g.pad;
              if (row < 0 || row >= g.h || column < 0 || column >= g.w) continue;
              for (std::int64_t c = 0; c < g.c; ++c) {
                sum += static_cast<double>(x[static_cast<std::size_t>(((n * g.h + row) * g.w + column) * g.c + c)]) *
                       weight[static_cast<std::size_t>(((k * g.r + r) * g.r + s) * g.c + c)];
              }
            }
          y.push_back(sum);
        }
  return y;
}

}  // namespace

TEST_CASE("conv2d: equals the plain sum and repeats bit for bit") {
  const Context context = kernels::make_context();
  for (const Case& g : kCases) {
    CAPTURE(g.c);
    CAPTURE(g.k);
    const Tensor x = random_tensor(context, {g.n, g.h, g.w, g.c}, 1),
                 weight = random_tensor(context, {g.k, g.r, g.r, g.c}, 2);
    const Conv2dOptions options{.stride = g.stride, .pad = g.pad};
    const Tensor y = conv2d(x, weight, options);
    tests::expect_close(y.to_host<float>(), plain_convolution(g, x.to_host<float>(), weight.to_host<float>()),
                        1e-7 * static_cast<double>(g.r * g.r * g.c + 8));
    CHECK(y.to_host<float>() == conv2d(x, weight, options).to_host<float>());
  }
}

TEST_CASE("conv2d: gradients of x and weight match central differences") {
  const Context context = kernels::make_context();
  for (const Case& g : kCases) {
    if (g.n == 0) continue;
    CAPTURE(g.c);
    CAPTURE(g.k);
    tests::check_gradients(
        [&](const auto& in) { return conv2d(in[0], in[1], {.stride = g.stride, .pad = g.pad}); },
        {random_tensor(context, {g.n, g.h, g.w, g.c}, 1), random_tensor(context, {g.k, g.r, g.r, g.c}, 2)},
        {.samples = 12});
  }
}

TEST_CASE("conv2d: a weight and an image used twice accumulate their gradients") {
  const Context context = kernels::make_context();
  tests::check_gradients([](const auto& in) { return conv2d(conv2d(in[0], in[1], {.pad = 1}), in[1], {.pad = 1}); },
                         {random_tensor(context, {2, 4, 4, 3}, 1), random_tensor(context, {3, 3, 3, 3}, 2)});
}

TEST_CASE("conv2d: names shapes and options that do not fit") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {1, 4, 4, 3});
  CHECK_THROWS_WITH_AS(
      conv2d(x, Tensor::zeros(context, {1, 3, 3, 8})),
      "conv2d: x must be [N,H,W,C] and weight [K,R,S,C] with the same C, got x [1,4,4,3] and weight [1,3,3,8]", Error);
  CHECK_THROWS_AS(conv2d(x, Tensor::zeros(context, {1, 5, 5, 3})), Error);
  CHECK_THROWS_AS(conv2d(x, Tensor::zeros(context, {1, 3, 3, 3}), {.stride = 0}), Error);
}

TEST_CASE("conv2d: every pass refuses operands of two types, and a weight gradient that is not f32") {
  const Context context = kernels::make_context();
  const kernels::Conv2dGeometry g{.n = 1, .h = 1, .w = 1, .c = 1, .k = 1, .r = 1, .s = 1};
  const Tensor one = Tensor::zeros(context, {1, 1, 1, 1}), half = Tensor::zeros(context, {1, 1, 1, 1}, Dtype::bf16);
  const auto refuses = [&](const auto& kernel, const auto& args, const char* message) {
    CHECK_THROWS_WITH_AS(kernel(context, args), message, Error);
  };
  refuses(kernels::conv2d_forward, kernels::Conv2dForward{.g = g, .x = half, .weight = one, .y = one},
          "conv2d: expected both operands in f32 or both in bf16, got x bf16 and weight f32");
  refuses(kernels::conv2d_dgrad, kernels::Conv2dDgrad{.g = g, .dy = one, .weight = half, .dx = {one}},
          "conv2d: expected both operands in f32 or both in bf16, got dy f32 and weight bf16");
  refuses(kernels::conv2d_wgrad, kernels::Conv2dWgrad{.g = g, .dy = half, .x = one, .dweight = {one}},
          "conv2d: expected both operands in f32 or both in bf16, got dy bf16 and x f32");
  refuses(kernels::conv2d_wgrad, kernels::Conv2dWgrad{.g = g, .dy = half, .x = half, .dweight = {half}},
          "conv2d: the gradient of the weights is f32, also in bf16, got bf16");
}
