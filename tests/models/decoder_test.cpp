#include "models/decoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using models::Decoder;

namespace {

/// The shapes of the weights of linear and convolution layers, in order.
std::vector<Shape> weights(const ParameterSet& parameters) {
  std::vector<Shape> shapes;
  for (const ParameterInfo& info : parameters.parameters()) {
    if (info.kind == ParameterKind::kernel) shapes.push_back(info.shape);
  }
  return shapes;
}

}  // namespace

TEST_CASE("decoder: the layers of 28x28 images, with and without bits") {
  for (const std::int64_t planes : {1, 6, 16}) {
    const Context context = kernels::make_context();
    ParameterSet parameters;
    const Decoder decoder(Scope(parameters, "decoder"), {.planes = planes});
    parameters.allocate(context, 1);
    const std::vector<Shape> expected = {{512, 64}, {1024, 512}, {64, 3, 3, 64}, {64, 3, 3, 32}, {32, 3, 3, planes}};
    CHECK(weights(parameters) == expected);
    CHECK(parameters.trainable("decoder") == 615616 + 289 * planes);
    CHECK(decoder.forward(tests::random_tensor(context, {2, 64}, 1), Mode::train).shape() == Shape{2, 28, 28, planes});
    CHECK(std::any_of(parameters.parameters().begin(), parameters.parameters().end(),
                      [](const ParameterInfo& info) { return info.name == "decoder.conv3.bias"; }));
  }
}

TEST_CASE("decoder: ends at the image's size, whatever it is, with channels that suit it") {
  struct Case {
    std::int64_t height, width;
    std::vector<Shape> convolutions;
  };
  const Case cases[] = {
      {3, 4, {{32, 3, 3, 3}}},
      {5, 5, {{32, 3, 3, 3}}},
      {20, 31, {{64, 3, 3, 64}, {64, 3, 3, 32}, {32, 3, 3, 3}}},
      {32, 32, {{64, 3, 3, 64}, {64, 3, 3, 32}, {32, 3, 3, 3}}},
      {33, 90, {{128, 3, 3, 128}, {128, 3, 3, 64}, {64, 3, 3, 32}, {32, 3, 3, 3}}},
      {112, 112, {{256, 3, 3, 256}, {256, 3, 3, 128}, {128, 3, 3, 64}, {64, 3, 3, 32}, {32, 3, 3, 3}}},
      {224,
       224,
       {{256, 3, 3, 256}, {256, 3, 3, 256}, {256, 3, 3, 128}, {128, 3, 3, 64}, {64, 3, 3, 32}, {32, 3, 3, 3}}},
  };
  const Context context = kernels::make_context();
  for (const Case& image : cases) {
    CAPTURE(image.height);
    CAPTURE(image.width);
    ParameterSet parameters;
    const Decoder decoder(Scope(parameters, "decoder"),
                          {.latent = 5, .height = image.height, .width = image.width, .planes = 3});
    parameters.allocate(context, 1);
    const std::vector<Shape> all = weights(parameters);
    REQUIRE(all.size() > 2);
    CHECK(std::vector<Shape>(all.begin() + 2, all.end()) == image.convolutions);
    CHECK(all[0] == Shape{all[1][0] / 2, 5});
    CHECK(decoder.forward(tests::random_tensor(context, {2, 5}, 1), Mode::train).shape() ==
          Shape{2, image.height, image.width, 3});
  }
  ParameterSet parameters;
  CHECK_THROWS_WITH_AS(Decoder(Scope(parameters, "decoder"), {.height = 2, .width = 28}),
                       "decoder: expected images of at least 3x3 pixels, got 2x28", Error);
}

TEST_CASE("decoder: more planes have more channels to come from, two for each in the last layer") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const Decoder decoder(Scope(parameters, "decoder"), {.planes = 21});
  parameters.allocate(context, 1);
  const std::vector<Shape> expected = {{768, 64}, {1536, 768}, {96, 3, 3, 96}, {96, 3, 3, 48}, {48, 3, 3, 21}};
  CHECK(weights(parameters) == expected);
}

TEST_CASE("decoder: every pixel of an image depends on the latent variables") {
  const Context context = kernels::make_context();
  for (const std::int64_t side : {20, 27, 28}) {
    ParameterSet parameters;
    const Decoder decoder(Scope(parameters, "decoder"), {.latent = 8, .height = side, .width = side});
    parameters.allocate(context, 1);
    const std::vector<float> images =
        decoder.forward(tests::random_tensor(context, {2, 8}, 1), Mode::train).to_host<float>();
    const auto pixels = static_cast<std::size_t>(side * side);
    std::size_t same = 0;
    for (std::size_t i = 0; i < pixels; ++i) same += images[i] == images[pixels + i] ? 1 : 0;
    CHECK(same == 0);
  }
}

TEST_CASE("decoder: every parameter gets a gradient, evaluation keeps no graph and changes no running statistics") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const Decoder decoder(Scope(parameters, "decoder"), {.latent = 7, .height = 13, .width = 16, .planes = 2});
  parameters.allocate(context, 1);
  parameters.zero_grad();
  const Tensor z = tests::random_tensor(context, {4, 7}, 1);
  const Tensor logits = decoder.forward(z, Mode::train);
  backward(logits, tests::random_tensor(context, logits.shape(), 2));
  for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
    CAPTURE(parameters.parameters()[i].name);
    const std::vector<float> gradient = parameters.gradient(i).to_host<float>();
    CHECK(std::any_of(gradient.begin(), gradient.end(), [](float g) { return g != 0; }));
  }
  const auto before = parameters.state(0).to_host<float>();
  CHECK_FALSE(decoder.forward(z, Mode::evaluate).wants_gradient());
  CHECK(parameters.state(0).to_host<float>() == before);
}

TEST_CASE("decoder: in bf16 logits are bf16 and close to those of f32") {
  if (!tests::computes_bf16()) return;
  const Context context = kernels::make_context();
  std::vector<float> logits[2];
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    ParameterSet parameters;
    const Decoder decoder(Scope(parameters, "decoder"), {.latent = 8, .planes = 3});
    parameters.allocate(context, 1, dtype);
    const Tensor y = decoder.forward(tests::random_tensor(context, {16, 8}, 1, dtype), Mode::train);
    CHECK(y.dtype() == dtype);
    logits[dtype == Dtype::bf16] = tests::to_floats(y);
  }
  double squares = 0, error = 0;
  for (std::size_t i = 0; i < logits[0].size(); ++i) {
    squares += std::pow(static_cast<double>(logits[0][i]), 2);
    error += std::pow(static_cast<double>(logits[0][i]) - static_cast<double>(logits[1][i]), 2);
  }
  CHECK(error <= 0.05 * 0.05 * squares);
}

TEST_CASE("decoder: an MLP has two hidden layers with batch norm and ReLU, and a bias for every pixel") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const Decoder decoder(
      Scope(parameters, "decoder"),
      {.kind = models::DecoderKind::mlp, .latent = 5, .hidden = 7, .height = 2, .width = 3, .planes = 4});
  parameters.allocate(context, 1);
  CHECK(weights(parameters) == std::vector<Shape>{{7, 5}, {7, 7}, {24, 7}});
  CHECK(parameters.trainable("decoder") == 5 * 7 + 7 * 7 + 24 * 7 + 4 * 7 + 24);
  const Tensor z = tests::random_tensor(context, {6, 5}, 2);
  const Tensor logits = decoder.forward(z, Mode::train);
  REQUIRE(logits.shape() == Shape{6, 2, 3, 4});
  // The definition, in double: batch norm has scale 1 and offset 0 at the start.
  using Rows = std::vector<std::vector<double>>;
  Rows x(6, std::vector<double>(5));
  const std::vector<float> latent = z.to_host<float>();
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 5; ++j) x[i][j] = static_cast<double>(latent[i * 5 + j]);
  for (std::size_t layer = 0, kernel = 0; layer < 3; ++layer, ++kernel) {
    while (parameters.parameters()[kernel].kind != ParameterKind::kernel) ++kernel;
    const std::vector<float> weight = parameters.value(kernel).to_host<float>();
    const std::size_t in = x[0].size(), out = weight.size() / in;
    Rows y(6, std::vector<double>(out));
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t k = 0; k < out; ++k)
        for (std::size_t j = 0; j < in; ++j) y[i][k] += static_cast<double>(weight[k * in + j]) * x[i][j];
    for (std::size_t k = 0; layer < 2 && k < out; ++k) {
      double mean = 0, variance = 0;
      for (const auto& row : y) mean += row[k] / 6;
      for (const auto& row : y) variance += (row[k] - mean) * (row[k] - mean) / 6;
      for (auto& row : y) row[k] = std::max(0.0, (row[k] - mean) / std::sqrt(variance + 1e-5));
    }
    x = std::move(y);
  }
  std::vector<double> expected;
  for (const auto& row : x) expected.insert(expected.end(), row.begin(), row.end());
  tests::expect_close(logits.to_host<float>(), expected, 1e-4);
}
