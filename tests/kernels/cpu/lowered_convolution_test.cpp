#include "kernels/cpu/lowered_convolution.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/kernels/cpu/convolution_definition.h"
#include "tests/numeric.h"

using namespace kernels;
using engine::Tensor;
using tests::random_tensor;

namespace {

constexpr Conv2dGeometry kGeometries[] = {
    {.n = 3, .h = 13, .w = 13, .c = 32, .k = 64, .r = 3, .s = 3, .stride = 2, .pad = 0},
    {.n = 130, .h = 6, .w = 6, .c = 8, .k = 5, .r = 3, .s = 3, .stride = 2, .pad = 0},  // several chunks, the last
                                                                                        // short
    {.n = 2, .h = 9, .w = 7, .c = 3, .k = 4, .r = 3, .s = 3, .stride = 2, .pad = 1},
    {.n = 1, .h = 5, .w = 5, .c = 2, .k = 3, .r = 5, .s = 5, .stride = 3, .pad = 4},  // windows beyond the image
    {.n = 4, .h = 8, .w = 8, .c = 3, .k = 2, .r = 2, .s = 2, .stride = 2, .pad = 0},
    {.n = 2, .h = 7, .w = 8, .c = 5, .k = 6, .r = 3, .s = 3, .stride = 1, .pad = 1}};

}  // namespace

TEST_CASE("lowered convolution: forward, dgrad and wgrad equal the definition") {
  for (const int threads : {1, 3}) {
    const engine::Context context = kernels::make_context({.device = {}, .threads = threads});
    for (const Conv2dGeometry& g : kGeometries) {
      tests::check_convolution(context, g, {cpu::lowered_forward, cpu::lowered_dgrad, cpu::lowered_wgrad});
    }
  }
}

TEST_CASE("lowered convolution: no images leave a zero weight gradient") {
  const engine::Context context = kernels::make_context();
  const Conv2dGeometry g{.n = 0, .h = 5, .w = 5, .c = 2, .k = 3, .r = 3, .s = 3, .stride = 2, .pad = 0};
  const Tensor x = Tensor::zeros(context, {0, 5, 5, 2}), dy = Tensor::zeros(context, {0, 2, 2, 3});
  const Tensor dweight = random_tensor(context, {3, 3, 3, 2}, 1);
  cpu::lowered_wgrad(context, {.g = g, .dy = dy, .x = x, .dweight = {dweight, false}});
  CHECK(dweight.to_host<float>() == std::vector<float>(54, 0.0f));
}
