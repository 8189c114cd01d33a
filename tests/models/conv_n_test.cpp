#include "models/conv_n.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "models/probe_head.h"
#include "models/projection_head.h"
#include "tests/numeric.h"

using namespace engine;
using namespace models;

TEST_CASE("convn: parameter counts of the notebook for every number of bits") {
  const std::pair<std::int64_t, std::int64_t> totals[] = {
      {0, 139882}, {5, 141322}, {10, 142762}, {15, 144202}, {20, 145642}};
  for (const auto& [bits, total] : totals) {
    const Context context = kernels::make_context();
    ParameterSet parameters;
    const ConvN encoder(Scope(parameters, "encoder"), {.in_channels = 1 + bits});
    const ProjectionHead head(Scope(parameters, "projector"),
                              {.in = encoder.features(), .hidden = 256, .out = 64, .output_batch_norm = false});
    const ProbeHead probe(Scope(parameters, "probe"), encoder.features(), 10, Initializer::glorot_uniform(128, 10));
    parameters.allocate(context, 1);
    CHECK(parameters.trainable("encoder") == 88928 + 288 * bits);
    CHECK(parameters.trainable("projector") == 49664);
    CHECK(parameters.trainable("probe") == 1290);
    CHECK(parameters.trainable("encoder") + parameters.trainable("projector") + parameters.trainable("probe") == total);
  }
}

TEST_CASE("convn: features are N x 128, not negative, and every parameter gets a gradient") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const ConvN encoder(Scope(parameters, "encoder"), {.in_channels = 3});
  parameters.allocate(context, 1);
  parameters.zero_grad();
  const Tensor h = encoder.forward(tests::random_tensor(context, {5, 28, 28, 3}, 1), Mode::train);
  CHECK(h.shape() == Shape{5, 128});
  const auto values = h.to_host<float>();
  CHECK(*std::min_element(values.begin(), values.end()) == 0);
  backward(h, tests::random_tensor(context, h.shape(), 2));
  for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
    CAPTURE(parameters.parameters()[i].name);
    const auto gradient = parameters.gradient(i).to_host<float>();
    CHECK(std::any_of(gradient.begin(), gradient.end(), [](float g) { return g != 0; }));
  }
  CHECK_THROWS_WITH_AS(encoder.forward(Tensor::zeros(context, {1, 32, 32, 3}), Mode::train),
                       "convn: images must be [N,28,28,3], got [1,32,32,3]", Error);
}

TEST_CASE("convn: the linear layer takes what is left of images of any size of at least 20 pixels") {
  const Context context = kernels::make_context();
  const struct {
    std::int64_t height, width, pixels;
  } sizes[] = {{28, 28, 2 * 2}, {20, 20, 1}, {20, 23, 1 * 2}, {33, 47, 3 * 5}, {32, 32, 3 * 3}, {96, 64, 11 * 7}};
  for (const auto& [height, width, pixels] : sizes) {
    CAPTURE(height);
    CAPTURE(width);
    ParameterSet parameters;
    const ConvN encoder(Scope(parameters, "encoder"), {.in_channels = 3, .image_height = height, .image_width = width});
    parameters.allocate(context, 1);
    CHECK(parameters.trainable("encoder") == 88928 + 288 * 2 + (pixels - 4) * 64 * 128);
    parameters.zero_grad();
    const Tensor h = encoder.forward(tests::random_tensor(context, {4, height, width, 3}, 1), Mode::train);
    CHECK(h.shape() == Shape{4, 128});
    backward(h, tests::random_tensor(context, h.shape(), 2));
    const auto gradients = parameters.gradients().to_host<float>();
    CHECK(std::any_of(gradients.begin(), gradients.end(), [](float g) { return g != 0; }));
  }
  ParameterSet parameters;
  CHECK_THROWS_WITH_AS(ConvN(Scope(parameters, "encoder"), {.image_width = 19}),
                       "convn: no side of an image may be below 20, got 28 x 19", Error);
}

TEST_CASE("convn: a fractional width gives multiples of 8") {
  const auto channels = [](double width) {
    ParameterSet parameters;
    const ConvN encoder(Scope(parameters, "encoder"), {.width = width});
    std::vector<std::int64_t> all;
    for (const Tap& tap : encoder.taps()) all.push_back(tap.channels);
    all.push_back(encoder.features());
    return all;
  };
  using Channels = std::vector<std::int64_t>;
  CHECK(channels(0.25) == Channels{8, 16, 16, 32});
  CHECK(channels(0.3) == Channels{8, 16, 16, 40});
  CHECK(channels(2) == Channels{64, 128, 128, 256});
}

TEST_CASE("convn: evaluation keeps no graph and changes no running statistics") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const ConvN encoder(Scope(parameters, "encoder"), {});
  parameters.allocate(context, 1);
  const auto before = parameters.state(0).to_host<float>();
  const Tensor images = tests::random_tensor(context, {2, 28, 28, 1}, 1);
  CHECK_FALSE(encoder.forward(images, Mode::evaluate).wants_gradient());
  CHECK(parameters.state(0).to_host<float>() == before);
  (void)encoder.forward(images, Mode::train);
  CHECK(parameters.state(0).to_host<float>() != before);
}
