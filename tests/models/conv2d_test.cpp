#include "models/conv2d.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("convolution layer: has one parameter, and its stride and padding reach the convolution") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const models::Conv2d convolution(
      Scope(parameters, "encoder") / "conv1",
      {.in = 3, .out = 4, .size = 5, .stride = 2, .pad = 1, .kernel = Initializer::normal(1)});
  parameters.allocate(context, 1);
  REQUIRE(parameters.parameters().size() == 1);
  CHECK(parameters.states().empty());
  CHECK(parameters.parameters()[0].name == "encoder.conv1.weight");
  CHECK(parameters.parameters()[0].shape == Shape{4, 5, 5, 3});
  CHECK(parameters.parameters()[0].kind == ParameterKind::kernel);
  const Tensor x = tests::random_tensor(context, {2, 8, 7, 3}, 1), y = convolution(x, Mode::train);
  CHECK(y.wants_gradient());
  CHECK(y.shape() == Shape{2, 3, 3, 4});
  CHECK(y.to_host<float>() == conv2d(x, parameters.value(0), {.stride = 2, .pad = 1}).to_host<float>());
}
