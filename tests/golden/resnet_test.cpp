// Whole ResNets compared with PyTorch: one training pass from given weights, and inference after it.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/linear.h"
#include "kernels/context.h"
#include "models/resnet.h"
#include "tests/golden/fixture.h"
#include "tests/numeric.h"

using namespace engine;
using models::ResNet;

namespace {

/// The name of an encoder's tensor in the fixture.
std::string name(const auto& info) { return info.name.substr(std::string("encoder.").size()); }

void load(const tests::Fixture& golden, const ParameterSet& parameters) {
  const auto& infos = parameters.parameters();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const Tensor value = golden.tensor(name(infos[i]));
    REQUIRE(value.shape() == infos[i].shape);
    parameters.value(i).upload<float>(value.to_host<float>());
  }
}

/// `products`: the summands of the network's widest sum.
void check_network(const std::string& fixture, const ResNet::Options& options, double products) {
  const Context context = kernels::make_context();
  const tests::Fixture golden(context, fixture);
  ParameterSet parameters;
  const ResNet encoder(Scope(parameters, "encoder"), options);
  parameters.allocate(context, 1);
  load(golden, parameters);
  const Tensor weight = golden.tensor("fc.weight").requires_gradient(),
               bias = golden.tensor("fc.bias").requires_gradient();

  // The errors of all layers add up. Each is that of a sum of products, whose roundings mostly cancel; the backward
  // pass doubles it.
  const double tolerance = tests::rounding(Dtype::f32) * options.depth * std::sqrt(products);
  parameters.zero_grad();
  const Tensor logits = linear(encoder.forward(golden.tensor("image"), Mode::train), weight, bias);
  golden.expect_close(logits, "logits", tolerance);
  backward(logits, golden.tensor("dlogits"));
  golden.expect_close(weight.gradient(), "gradient/fc.weight", 2 * tolerance);
  golden.expect_close(bias.gradient(), "gradient/fc.bias", 2 * tolerance);
  const auto& infos = parameters.parameters();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    golden.expect_close(parameters.gradient(i), "gradient/" + name(infos[i]), 2 * tolerance);
  }
  for (std::size_t i = 0; i < parameters.states().size(); ++i) {
    const StateInfo& info = parameters.states()[i];
    if (info.dtype == Dtype::f32) golden.expect_close(parameters.state(i), "after/" + name(info), tolerance);
    if (info.dtype == Dtype::i64) CHECK(parameters.state(i).to_host<std::int64_t>().front() == 1);
  }
  if (!golden.has("inference/logits")) return;
  const Tensor features = encoder.forward(golden.tensor("image"), Mode::evaluate);
  golden.expect_close(linear(features, weight.detach(), bias.detach()), "inference/logits", tolerance);
}

}  // namespace

TEST_CASE("golden resnet18: logits, all gradients and running statistics of torchvision's network") {
  check_network(
      "resnet18",
      {.base_channels = 4, .variant = ResNet::Variant::torchvision, .batch_norm = {.unbiased_variance = true}}, 9 * 32);
}

TEST_CASE("golden resnet50: training and inference of torchvision's network") {
  check_network("resnet50",
                {.depth = 50,
                 .base_channels = 2,
                 .variant = ResNet::Variant::torchvision,
                 .batch_norm = {.unbiased_variance = true}},
                9 * 16);
}

TEST_CASE("golden resnet50 with selective kernels: training and inference of SimCLR v2's network on an odd size") {
  check_network("resnet50_selective",
                {.depth = 50, .base_channels = 2, .selective_kernels = true, .batch_norm = {.unbiased_variance = true}},
                9 * 32);
}
