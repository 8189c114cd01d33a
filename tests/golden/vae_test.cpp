// A VAE's loss and all its gradients compared with PyTorch, from the same noise: tools/golden/generate.py, vae().
#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "kernels/context.h"
#include "losses/vae.h"
#include "models/decoder.h"
#include "models/linear.h"
#include "tests/golden/fixture.h"
#include "tests/numeric.h"

using namespace engine;
using tests::Fixture;

TEST_CASE("golden vae: both terms and the gradient of every parameter, through decoder and noise to the features") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "vae");
  const auto draw = golden.tensor("draw").to_host<std::int32_t>();  // seed, step
  const Tensor features = golden.tensor("features").requires_gradient(), targets = golden.tensor("targets");
  const float beta = golden.tensor("beta").item();
  const std::int64_t latent = golden.tensor("mean.weight").shape()[0], width = features.shape()[1];

  ParameterSet parameters;
  const models::Linear mean(Scope(parameters, "latent") / "mean", {.in = width, .out = latent, .bias = true}),
      log_variance(Scope(parameters, "latent") / "log_variance", {.in = width, .out = latent, .bias = true});
  const models::Decoder decoder(
      Scope(parameters, "decoder"),
      {.latent = latent, .height = targets.shape()[1], .width = targets.shape()[2], .planes = targets.shape()[3]});
  parameters.allocate(context, 1);
  const auto stored = [&](std::size_t i) {  // without the group
    const ParameterInfo& info = parameters.parameters()[i];
    return info.name.substr(info.group.size() + 1);
  };
  for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
    copy(golden.tensor(stored(i)), parameters.value(i));
  }
  parameters.zero_grad();

  const Tensor step = Tensor::from<std::int32_t>(context, {1}, {draw[1]});
  const losses::LatentSample sample =
      losses::gaussian_latent(mean(features, Mode::train), log_variance(features, Mode::train),
                              {.seed = static_cast<std::uint64_t>(draw[0]), .step = step});
  const Tensor nll = losses::bernoulli_nll(decoder.forward(sample.z, Mode::train), targets);
  const Tensor loss = add(nll, scale(sample.kl, beta));
  backward(loss);

  // Sums of up to 9 * 64 products through seven layers, whose roundings mostly cancel; batch norm divides by standard
  // deviations of less than 1.
  const double tolerance = 0x1p-23 * std::sqrt(9.0 * 64.0) * 7 * 4;
  golden.expect_close(sample.z.detach(), "z", 1e-5);
  golden.expect_close(sample.kl, "kl", 2e-6);
  golden.expect_close(nll, "nll", tolerance);
  golden.expect_close(loss, "loss", tolerance);
  golden.expect_close(features.gradient(), "dfeatures", tolerance);
  for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
    golden.expect_close(parameters.gradient(i), "gradient/" + stored(i), tolerance);
  }
}
