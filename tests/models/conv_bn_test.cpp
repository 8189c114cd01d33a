#include "models/conv_bn.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("convolution with batch norm: the two one after the other, in either mode") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const Scope scope(parameters, "encoder");
  const models::ConvBn layer{.convolution = {scope / "conv", {.in = 2, .out = 3, .kernel = Initializer::normal(1)}},
                             .batch_norm = {scope / "bn", 3, {}}};
  parameters.allocate(context, 1);
  const Tensor x = tests::random_tensor(context, {4, 6, 6, 2}, 1),
               residual = tests::random_tensor(context, {4, 4, 4, 3}, 2);
  for (const Mode mode : {Mode::evaluate, Mode::train}) {  // train mode last, since it changes running statistics
    const Tensor y = layer(x, mode, {.residual = residual, .relu = true});
    const Tensor expected = layer.batch_norm(layer.convolution(x, mode), mode, {.residual = residual, .relu = true});
    CHECK(y.to_host<float>() == expected.to_host<float>());
    CHECK(layer(x, mode).to_host<float>() != y.to_host<float>());
  }
}
