#include "models/linear.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("linear layer: x weight^T, with a bias that starts at zero where it has one") {
  const Context context = kernels::make_context();
  for (const bool bias : {true, false}) {
    ParameterSet parameters;
    const models::Linear linear(Scope(parameters, "head") / "last",
                                {.in = 2, .out = 3, .kernel = Initializer::constant(1), .bias = bias});
    parameters.allocate(context, 1);
    REQUIRE(parameters.parameters().size() == (bias ? 2 : 1));
    CHECK(parameters.parameters()[0].name == "head.last.weight");
    CHECK(parameters.parameters()[0].kind == ParameterKind::kernel);
    parameters.value(0).upload<float>(std::vector<float>{1, 2, 3, 4, 5, 6});
    const Tensor x = Tensor::from(context, {1, 2}, std::vector<float>{1, 10});
    CHECK(linear(x, Mode::train).to_host<float>() == std::vector<float>{21, 43, 65});
    if (!bias) continue;
    CHECK(parameters.parameters()[1].name == "head.last.bias");
    CHECK(parameters.parameters()[1].kind == ParameterKind::bias);
    parameters.value(1).upload<float>(std::vector<float>{100, 200, 300});
    CHECK(linear(x, Mode::evaluate).to_host<float>() == std::vector<float>{121, 243, 365});
  }
}
