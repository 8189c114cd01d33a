#include "models/conv2d_transpose.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("transposed convolution layer: its parameters, stride and size reach the operation") {
  const Context context = kernels::make_context();
  for (const bool bias : {false, true}) {
    ParameterSet parameters;
    const models::Conv2dTranspose convolution(Scope(parameters, "decoder") / "conv1",
                                              {.in = 3,
                                               .out = 4,
                                               .size = 5,
                                               .geometry = {.stride = 2, .pad = 1, .height = 14, .width = 11},
                                               .kernel = Initializer::normal(1),
                                               .bias = bias});
    parameters.allocate(context, 1);
    REQUIRE(parameters.parameters().size() == (bias ? 2 : 1));
    CHECK(parameters.parameters()[0].name == "decoder.conv1.weight");
    CHECK(parameters.parameters()[0].shape == Shape{3, 5, 5, 4});
    CHECK(parameters.parameters()[0].kind == ParameterKind::kernel);
    if (bias) {
      CHECK(parameters.parameters()[1].name == "decoder.conv1.bias");
      CHECK(parameters.parameters()[1].shape == Shape{4});
      CHECK(parameters.parameters()[1].kind == ParameterKind::bias);
      parameters.value(1).upload<float>(std::vector<float>{1, 2, 3, 4});
    }
    const Tensor x = tests::random_tensor(context, {2, 6, 5, 3}, 1), y = convolution(x, Mode::train);
    CHECK(y.wants_gradient());
    CHECK(y.shape() == Shape{2, 14, 11, 4});
    CHECK(y.to_host<float>() == conv2d_transpose(x, parameters.value(0), bias ? parameters.value(1) : Tensor(),
                                                 {.stride = 2, .pad = 1, .height = 14, .width = 11})
                                    .to_host<float>());
    CHECK_FALSE(convolution(x, Mode::evaluate).wants_gradient());
  }
}
