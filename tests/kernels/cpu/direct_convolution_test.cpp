#include "kernels/cpu/direct_convolution.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/kernels/cpu/convolution_definition.h"

using namespace kernels;

TEST_CASE("direct convolution: forward, dgrad and wgrad equal the definition in both layouts") {
  constexpr Conv2dGeometry kGeometries[] = {
      {.n = 2, .h = 9, .w = 7, .c = 3, .k = 5, .r = 3, .s = 3, .stride = 2, .pad = 1},  // channels that fill no block
      {.n = 1, .h = 1, .w = 1, .c = 1, .k = 1, .r = 1, .s = 1},
      {.n = 3, .h = 6, .w = 6, .c = 32, .k = 16, .r = 3, .s = 3, .stride = 1, .pad = 1},
      {.n = 2, .h = 11, .w = 11, .c = 3, .k = 64, .r = 7, .s = 7, .stride = 2, .pad = 3}};
  const engine::Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const Conv2dGeometry& g : kGeometries) {
    for (const auto layout : {cpu::ConvolutionLayout::nhwc, cpu::ConvolutionLayout::blocked}) {
      tests::check_convolution(context, g,
                               {[=](auto& on, auto& args) { cpu::direct_forward(on, args, layout); },
                                [=](auto& on, auto& args) { cpu::direct_dgrad(on, args, layout); },
                                [=](auto& on, auto& args) { cpu::direct_wgrad(on, args, layout); }});
    }
  }
}

TEST_CASE("conv2d: strided 1x1 kernels over few channels, which oneDNN gets wrong, are computed another way") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const std::int64_t channels : {1, 3, 12}) {
    const Conv2dGeometry g{.n = 3, .h = 18, .w = 18, .c = channels, .k = 6, .r = 1, .s = 1, .stride = 2};
    CHECK_FALSE(cpu::direct_takes(g));
    tests::check_convolution(context, g, {cpu::conv2d_forward, cpu::conv2d_dgrad, cpu::conv2d_wgrad});
  }
}
