#include "models/taps.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "models/conv_n.h"
#include "models/projection_head.h"
#include "models/resnet.h"
#include "tests/numeric.h"

using namespace engine;
using namespace models;

namespace {

std::vector<std::string> names_of(const std::vector<Tap>& taps) {
  std::vector<std::string> names;
  for (const Tap& tap : taps) names.push_back(tap.name);
  return names;
}

/// Checks that every tap has the declared shape, and that requesting taps does not change the network's output.
void check_taps(const auto& network, const Tensor& input) {
  Taps taps(names_of(network.taps()));
  const Tensor y = network.forward(input, Mode::evaluate, &taps);
  CHECK(y.to_host<float>() == network.forward(input, Mode::evaluate).template to_host<float>());
  for (const auto& [name, channels, spatial] : network.taps()) {
    CAPTURE(name);
    const Shape& shape = taps.at(name).shape();
    CHECK(shape.rank() == (spatial ? 4 : 2));
    CHECK(shape[0] == input.shape()[0]);
    CHECK(shape[shape.rank() - 1] == channels);
    CHECK(taps.features(name).shape() == Shape{input.shape()[0], channels});
  }
}

}  // namespace

TEST_CASE("taps: a ResNet shows its groups, the last of which its features are the mean of") {
  const Context context = kernels::make_context();
  for (const ResNet::Stem stem : {ResNet::Stem::cifar, ResNet::Stem::imagenet}) {
    ParameterSet parameters;
    const ResNet encoder(Scope(parameters, "encoder"), {.base_channels = 2, .stem = stem});
    parameters.allocate(context, 1);
    CHECK(names_of(encoder.taps()) == std::vector<std::string>{"group1", "group2", "group3", "group4"});
    const Tensor images = tests::random_tensor(context, {3, 32, 32, 3}, 1);
    check_taps(encoder, images);
    Taps taps({"group1", "group4"});
    const Tensor features = encoder.forward(images, Mode::evaluate, &taps);
    CHECK(taps.features("group4").to_host<float>() == features.to_host<float>());
    const std::int64_t size = stem == ResNet::Stem::cifar ? 32 : 8;
    CHECK(taps.at("group1").shape() == Shape{3, size, size, 2});
  }
}

TEST_CASE("taps: ConvN shows its convolutions after their ReLU") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const ConvN encoder(Scope(parameters, "encoder"), {.width = 2});
  parameters.allocate(context, 1);
  CHECK(names_of(encoder.taps()) == std::vector<std::string>{"conv1", "conv2", "conv3"});
  const Tensor images = tests::random_tensor(context, {3, 28, 28, 1}, 1);
  check_taps(encoder, images);
  Taps taps({"conv1"});
  (void)encoder.forward(images, Mode::evaluate, &taps);
  CHECK(taps.at("conv1").shape() == Shape{3, 13, 13, 64});
  for (const float value : taps.at("conv1").to_host<float>()) REQUIRE(value >= 0);
}

TEST_CASE("taps: a projection head shows its layers, the last of which is the projection") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const ProjectionHead head(Scope(parameters, "projector"), {.in = 8, .layers = 3, .hidden = 6, .out = 4});
  parameters.allocate(context, 1);
  CHECK(names_of(head.taps()) == std::vector<std::string>{"layer1", "layer2", "layer3"});
  const Tensor features = tests::random_tensor(context, {5, 8}, 1);
  check_taps(head, features);
  Taps taps({"layer1", "layer3"});
  const Tensor z = head.forward(features, Mode::evaluate, &taps);
  CHECK(taps.at("layer3").to_host<float>() == z.to_host<float>());
  for (const float value : taps.at("layer1").to_host<float>()) REQUIRE(value >= 0);
}

TEST_CASE("taps: one that nobody asked for is not kept, and none can be had before the network has shown it") {
  const Context context = kernels::make_context();
  Taps taps({"a"});
  const auto complaint = [](const std::string& name) {
    return "taps: the network has shown no '" + name + "'; ask for one that its taps() names, before the forward pass";
  };
  CHECK_THROWS_WITH_AS(taps.at("a"), complaint("a").c_str(), Error);
  taps.offer("b", Tensor::zeros(context, {1000}));
  CHECK(context.pool().used_bytes() == 0);
  CHECK_THROWS_WITH_AS(taps.at("b"), complaint("b").c_str(), Error);
  taps.offer("a", Tensor::from(context, {1, 2, 2, 1}, std::vector<float>{1, 2, 3, 6}));
  CHECK(taps.at("a").shape() == Shape{1, 2, 2, 1});
  CHECK(taps.features("a").to_host<float>() == std::vector<float>{3});
  taps.offer("a", Tensor::from(context, {1, 2}, std::vector<float>{7, 8}));  // offered by the next forward pass
  CHECK(taps.features("a").to_host<float>() == std::vector<float>{7, 8});
}

TEST_CASE("taps: what is kept while training has its graph") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const ConvN encoder(Scope(parameters, "encoder"), {});
  parameters.allocate(context, 1);
  Taps taps({"conv2"});
  (void)encoder.forward(tests::random_tensor(context, {2, 28, 28, 1}, 1), Mode::train, &taps);
  CHECK(taps.features("conv2").wants_gradient());
}
