#include "kernels/cpu/direct_convolution.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/kernels/cpu/convolution_definition.h"
#include "tests/numeric.h"

using namespace kernels;

namespace {

constexpr Conv2dGeometry kGeometries[] = {
    {.n = 2, .h = 9, .w = 7, .c = 3, .k = 5, .r = 3, .s = 3, .stride = 2, .pad = 1},  // channels fill no block
    {.n = 1, .h = 1, .w = 1, .c = 1, .k = 1, .r = 1, .s = 1},
    {.n = 3, .h = 6, .w = 6, .c = 32, .k = 16, .r = 3, .s = 3, .stride = 1, .pad = 1},
    {.n = 2, .h = 11, .w = 11, .c = 3, .k = 64, .r = 7, .s = 7, .stride = 2, .pad = 3},
    {.n = 2, .h = 28, .w = 28, .c = 1, .k = 32, .r = 3, .s = 3, .stride = 2, .pad = 0},  // ConvN's, with and without
                                                                                         // bits
    {.n = 2, .h = 28, .w = 28, .c = 21, .k = 32, .r = 3, .s = 3, .stride = 2, .pad = 0},
    {.n = 3, .h = 13, .w = 13, .c = 32, .k = 64, .r = 3, .s = 3, .stride = 2, .pad = 0},
    {.n = 2, .h = 8, .w = 8, .c = 64, .k = 128, .r = 1, .s = 1, .stride = 2, .pad = 0}};
void check_both_layouts(engine::Dtype dtype) {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const Conv2dGeometry& g : kGeometries) {
    for (const auto layout : {cpu::ConvolutionLayout::nhwc, cpu::ConvolutionLayout::blocked}) {
      tests::check_convolution(context, g,
                               {[=](auto& on, auto& args) { cpu::direct_forward(on, args, layout); },
                                [=](auto& on, auto& args) { cpu::direct_dgrad(on, args, layout); },
                                [=](auto& on, auto& args) { cpu::direct_wgrad(on, args, layout); }},
                               dtype);
    }
  }
}

}  // namespace

TEST_CASE("direct convolution: forward, dgrad and wgrad equal the definition in both layouts") {
  check_both_layouts(engine::Dtype::f32);
}

TEST_CASE("direct convolution: in bf16 sums are exact to f32, and images rounded once") {
  if (tests::computes_bf16()) check_both_layouts(engine::Dtype::bf16);
}

TEST_CASE("conv2d: strided 1x1 kernels over few channels, which oneDNN gets wrong, are computed another way") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const std::int64_t channels : {1, 3, 12}) {
    const Conv2dGeometry g{.n = 3, .h = 18, .w = 18, .c = channels, .k = 6, .r = 1, .s = 1, .stride = 2};
    CHECK_FALSE(cpu::direct_takes(g));
    const tests::ConvolutionWay chosen{cpu::conv2d_forward, cpu::conv2d_dgrad, cpu::conv2d_wgrad};
    tests::check_convolution(context, g, chosen);
    if (kernels::computes_bf16({})) tests::check_convolution(context, g, chosen, engine::Dtype::bf16);
  }
}
