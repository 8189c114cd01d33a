// A whole ResNet-18 compared with PyTorch: one training pass from given weights.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/linear.h"
#include "kernels/context.h"
#include "models/resnet.h"
#include "tests/golden/fixture.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("golden resnet18: logits, all gradients and running statistics of torchvision's network") {
  const Context context = kernels::make_context();
  const tests::Fixture golden(context, "resnet18");
  ParameterSet parameters;
  const models::ResNet encoder(
      Scope(parameters, "encoder"),
      {.base_channels = 4, .variant = models::ResNet::Variant::torchvision, .batch_norm = {.unbiased_variance = true}});
  parameters.allocate(context, 1);
  const auto name = [&](const auto& info) { return info.name.substr(std::string("encoder.").size()); };
  const auto& infos = parameters.parameters();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const Tensor value = golden.tensor(name(infos[i]));
    REQUIRE(value.shape() == infos[i].shape);
    parameters.value(i).upload<float>(value.to_host<float>());
  }
  const Tensor weight = golden.tensor("fc.weight").requires_gradient(),
               bias = golden.tensor("fc.bias").requires_gradient();

  // The errors of 18 layers add up. Each is that of a sum of up to 9 * 32 products, whose roundings mostly cancel; the
  // backward pass doubles it.
  const double tolerance = tests::rounding(Dtype::f32) * 18 * std::sqrt(9.0 * 32.0);
  parameters.zero_grad();
  const Tensor logits = linear(encoder.forward(golden.tensor("image"), Mode::train), weight, bias);
  golden.expect_close(logits, "logits", tolerance);
  backward(logits, golden.tensor("dlogits"));
  golden.expect_close(weight.gradient(), "gradient/fc.weight", 2 * tolerance);
  golden.expect_close(bias.gradient(), "gradient/fc.bias", 2 * tolerance);
  for (std::size_t i = 0; i < infos.size(); ++i) {
    golden.expect_close(parameters.gradient(i), "gradient/" + name(infos[i]), 2 * tolerance);
  }
  for (std::size_t i = 0; i < parameters.states().size(); ++i) {
    const StateInfo& info = parameters.states()[i];
    if (info.dtype == Dtype::f32) golden.expect_close(parameters.state(i), "after/" + name(info), tolerance);
    if (info.dtype == Dtype::i64) CHECK(parameters.state(i).to_host<std::int64_t>().front() == 1);
  }
}
