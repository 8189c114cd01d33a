#include "models/probe_head.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("probe head: trains its own weights and passes no gradient to the features") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const models::ProbeHead probe(Scope(parameters, "probe"), 4, 3, Initializer::normal(0.01));
  parameters.allocate(context, 1);
  parameters.zero_grad();
  const Tensor features = tests::random_tensor(context, {5, 4}, 1).requires_gradient();
  const Tensor logits = probe.forward(features, Mode::train);
  CHECK(logits.shape() == Shape{5, 3});
  backward(logits, tests::random_tensor(context, logits.shape(), 2));
  CHECK_FALSE(features.gradient());
  CHECK(parameters.gradient(0).to_host<float>() != std::vector<float>(12, 0));
  CHECK(parameters.gradient(1).to_host<float>() != std::vector<float>(3, 0));
}
