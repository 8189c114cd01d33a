#include "kernels/cpu/lowered_bf16_convolution.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/kernels/cpu/convolution_definition.h"
#include "tests/numeric.h"

using namespace kernels;
using engine::Dtype;
using engine::Tensor;

TEST_CASE("lowered bf16 convolution: forward, dgrad and wgrad equal the definition") {
  if (!tests::computes_bf16()) return;
  constexpr Conv2dGeometry kGeometries[] = {
      {.n = 2, .h = 7, .w = 8, .c = 5, .k = 6, .r = 3, .s = 3, .stride = 1, .pad = 1},  // dx by rotated weights
      {.n = 3, .h = 6, .w = 5, .c = 16, .k = 3, .r = 3, .s = 3, .stride = 1, .pad = 0},
      {.n = 2, .h = 4, .w = 4, .c = 64, .k = 32, .r = 3, .s = 3, .stride = 1, .pad = 2},
      {.n = 2, .h = 7, .w = 8, .c = 5, .k = 6, .r = 3, .s = 2, .stride = 1, .pad = 1},  // windows that are not square
      {.n = 3, .h = 13, .w = 13, .c = 32, .k = 64, .r = 3, .s = 3, .stride = 2, .pad = 0},
      {.n = 1, .h = 5, .w = 5, .c = 2, .k = 3, .r = 5, .s = 5, .stride = 3, .pad = 4},  // windows larger than the image
      {.n = 1, .h = 1, .w = 1, .c = 1, .k = 1, .r = 1, .s = 1},
      {.n = 3, .h = 150, .w = 149, .c = 16, .k = 2, .r = 3, .s = 3, .stride = 1, .pad = 1}};  // several chunks
  for (const int threads : {1, 3}) {
    const engine::Context context = kernels::make_context({.device = {}, .threads = threads});
    for (const Conv2dGeometry& g : kGeometries) {
      tests::check_convolution(
          context, g, {cpu::lowered_bf16_forward, cpu::lowered_bf16_dgrad, cpu::lowered_bf16_wgrad}, Dtype::bf16);
    }
  }
}

TEST_CASE("conv2d in bf16: no images leave a zero weight gradient") {
  const engine::Context context = kernels::make_context();
  const Conv2dGeometry g{.n = 0, .h = 5, .w = 5, .c = 2, .k = 3, .r = 3, .s = 3, .stride = 2, .pad = 0};
  const Tensor x = Tensor::zeros(context, {0, 5, 5, 2}, Dtype::bf16),
               dy = Tensor::zeros(context, {0, 2, 2, 3}, Dtype::bf16);
  const Tensor dweight = tests::random_tensor(context, {3, 3, 3, 2}, 1);
  cpu::conv2d_wgrad(context, {.g = g, .dy = dy, .x = x, .dweight = {dweight, false}});
  CHECK(dweight.to_host<float>() == std::vector<float>(54, 0.0f));
}
