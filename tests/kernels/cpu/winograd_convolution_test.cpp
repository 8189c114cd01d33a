#include "kernels/cpu/winograd_convolution.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/kernels/cpu/convolution_definition.h"
#include "tests/numeric.h"

using namespace kernels;
using engine::Tensor;

namespace {

constexpr Conv2dGeometry square(std::int64_t n, std::int64_t side, std::int64_t c, std::int64_t k, std::int64_t pad) {
  return {.n = n, .h = side, .w = side, .c = c, .k = k, .r = 3, .s = 3, .stride = 1, .pad = pad};
}

}  // namespace

TEST_CASE("winograd convolution: forward, dgrad and wgrad equal the definition") {
  // The transforms multiply by up to 8 and divide by up to 24 and lose about a decimal digit.
  const tests::ConvolutionWay winograd{cpu::winograd_forward, cpu::winograd_dgrad, cpu::winograd_wgrad, 1e-6};
  for (const int threads : {1, 3}) {
    const engine::Context context = kernels::make_context({.device = {}, .threads = threads});
    for (const Conv2dGeometry& g : {
             square(1, 1, 32, 32, 1),    // one output
             square(2, 4, 32, 64, 1),    // one patch per image
             square(3, 7, 64, 32, 1),    // patches cut off at the right and the bottom
             square(2, 9, 32, 32, 0),    // no padding: dgrad pads by two
             square(1, 3, 32, 32, 2),    // windows that start two pixels outside
             square(40, 13, 32, 32, 1),  // several chunks, the last short
             Conv2dGeometry{.n = 2, .h = 5, .w = 11, .c = 32, .k = 96, .r = 3, .s = 3, .stride = 1, .pad = 1},
         }) {
      REQUIRE(cpu::winograd_takes(g));
      tests::check_convolution(context, g, winograd);
    }
  }
}

TEST_CASE("winograd convolution: the number of threads does not change a bit") {
  const Conv2dGeometry g = square(5, 10, 64, 32, 1);
  std::vector<std::vector<float>> results[3];
  for (const int threads : {1, 2, 5}) {
    const engine::Context context = kernels::make_context({.device = {}, .threads = threads});
    const Tensor x = tests::random_tensor(context, {g.n, g.h, g.w, g.c}, 1);
    const Tensor weight = tests::random_tensor(context, {g.k, 3, 3, g.c}, 2);
    const Tensor dy = tests::random_tensor(context, {g.n, g.p(), g.q(), g.k}, 3);
    const Tensor y = Tensor::empty(context, dy.shape()), dx = Tensor::empty(context, x.shape());
    cpu::winograd_forward(context, {.g = g, .x = x, .weight = weight, .y = y});
    cpu::winograd_dgrad(context, {.g = g, .dy = dy, .weight = weight, .dx = {dx, false}});
    results[0].push_back(y.to_host<float>());
    results[1].push_back(dx.to_host<float>());
  }
  for (const auto& result : {results[0], results[1]}) {
    CHECK(result[0] == result[1]);
    CHECK(result[0] == result[2]);
  }
}

TEST_CASE("winograd convolution: only what it computes is taken") {
  CHECK(cpu::winograd_takes(square(1, 8, 64, 64, 1)));
  CHECK_FALSE(cpu::winograd_takes(square(1, 8, 3, 64, 1)));  // channels that do not fill a vector
  CHECK_FALSE(cpu::winograd_takes(square(1, 8, 64, 10, 1)));
  CHECK_FALSE(cpu::winograd_takes(square(1, 8, 64, 64, 3)));  // dgrad would need negative padding
  Conv2dGeometry strided = square(1, 8, 64, 64, 1);
  strided.stride = 2;
  CHECK_FALSE(cpu::winograd_takes(strided));
}
