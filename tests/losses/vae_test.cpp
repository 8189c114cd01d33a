#include "losses/vae.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/convert.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/linear.h"
#include "kernels/cases/gaussian_latent.h"
#include "kernels/context.h"
#include "tests/losses/step.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;
using tests::Step;

namespace {

constexpr std::int64_t kRows = 5, kLatent = 6, kPixels = 9;
constexpr float kBeta = 0.7f;

/// A VAE with a linear decoder: mean and log_variance [n,d], weight [pixels,d], targets [n,pixels].
Tensor negative_elbo(const std::vector<Tensor>& in, const Tensor& targets, const losses::StepDraw& draw) {
  const losses::LatentSample latent = losses::gaussian_latent(in[0], in[1], draw);
  return add(losses::bernoulli_nll(linear(latent.z, in[2]), targets), scale(latent.kl, kBeta));
}

std::vector<double> doubles(const Tensor& x) {
  const std::vector<float> values = tests::to_floats(x);
  return {values.begin(), values.end()};
}

/// The same with loops in double, from the noise of the step.
double defined(const std::vector<Tensor>& in, const Tensor& targets, std::uint64_t seed, std::int64_t step) {
  const std::vector<double> eps = kernels::latent_noise(seed, step, kRows, kLatent), mean = doubles(in[0]),
                            log_variance = doubles(in[1]), weight = doubles(in[2]), t = doubles(targets);
  double loss = 0;
  for (std::size_t n = 0; n < kRows; ++n) {
    std::vector<double> z;
    for (std::size_t j = 0; j < kLatent; ++j) {
      const double m = mean[n * kLatent + j], lv = log_variance[n * kLatent + j];
      z.push_back(m + std::exp(lv / 2) * eps[n * kLatent + j]);
      loss += static_cast<double>(kBeta) * -0.5 * (1 + lv - m * m - std::exp(lv));
    }
    for (std::size_t i = 0; i < kPixels; ++i) {
      double l = 0;
      for (std::size_t j = 0; j < kLatent; ++j) l += z[j] * weight[i * kLatent + j];
      const double p = 1 / (1 + std::exp(-l)), target = t[n * kPixels + i];
      loss -= target * std::log(p) + (1 - target) * std::log(1 - p);
    }
  }
  return loss / static_cast<double>(kRows);
}

struct Example {
  explicit Example(const Context& context)
      : inputs{random_tensor(context, {kRows, kLatent}, 1), random_tensor(context, {kRows, kLatent}, 2),
               random_tensor(context, {kPixels, kLatent}, 3)} {
    std::vector<float> values = tests::random_values(kRows * kPixels, 4);
    for (float& value : values) value = 0.5f + 0.5f * value;
    targets = Tensor::from(context, {kRows, kPixels}, values);
  }
  std::vector<Tensor> inputs;
  Tensor targets;
};

}  // namespace

TEST_CASE("vae: the golden values of a cross-entropy and of a divergence") {
  const Context context = kernels::make_context();
  const auto of = [&](const std::vector<float>& values) {
    return Tensor::from(context, {1, static_cast<std::int64_t>(values.size())}, values);
  };
  CHECK(losses::bernoulli_nll(of({2}), of({0.3f})).item() == doctest::Approx(1.5269280110).epsilon(1e-6));
  const losses::LatentSample latent = losses::gaussian_latent(of({0.5f, -1}), of({0.2f, -0.3f}), Step(context, 3));
  CHECK(latent.kl.item() == doctest::Approx(0.6561104893).epsilon(1e-6));
}

TEST_CASE("vae: the negative ELBO is that of loops in double, and its gradients those of central differences") {
  const Context context = kernels::make_context();
  const Example example(context);
  const Step step(context, 7);
  const losses::StepDraw draw = step;
  const double expected = defined(example.inputs, example.targets, draw.seed, 7);
  CHECK(static_cast<double>(negative_elbo(example.inputs, example.targets, draw).item()) ==
        doctest::Approx(expected).epsilon(2e-6));
  tests::check_gradients([&](const auto& in) { return negative_elbo(in, example.targets, draw); }, example.inputs);
}

TEST_CASE("vae: the same seed and step draw the same noise, others another, whatever is wanted of it") {
  const Context context = kernels::make_context();
  const Example example(context);
  const auto z = [&](const losses::StepDraw& draw) {
    return losses::gaussian_latent(example.inputs[0], example.inputs[1], draw).z.to_host<float>();
  };
  const Step first(context, 1), second(context, 2);
  losses::StepDraw other_seed = first;
  other_seed.seed = 12;
  CHECK(z(first) == z(first));
  CHECK(z(first) != z(second));
  CHECK(z(first) != z(other_seed));

  // A gradient that is not wanted changes none that is.
  const auto gradient_of = [&](bool mean, bool log_variance) {
    const Tensor m = mean ? example.inputs[0].requires_gradient() : example.inputs[0],
                 lv = log_variance ? example.inputs[1].requires_gradient() : example.inputs[1];
    backward(negative_elbo({m, lv, example.inputs[2]}, example.targets, first));
    return std::pair{mean ? m.gradient().to_host<float>() : std::vector<float>(),
                     log_variance ? lv.gradient().to_host<float>() : std::vector<float>()};
  };
  const auto both = gradient_of(true, true);
  CHECK(gradient_of(true, false).first == both.first);
  CHECK(gradient_of(false, true).second == both.second);
}

TEST_CASE("vae: in bf16 the sample is that of f32, rounded, and gradients of the distributions stay f32") {
  const Context context = kernels::make_context();
  const Example example(context);
  const Step step(context, 7);
  const Tensor mean = example.inputs[0].requires_gradient(), log_variance = example.inputs[1].requires_gradient();
  const losses::LatentSample wide = losses::gaussian_latent(mean.detach(), log_variance.detach(), step),
                             narrow = losses::gaussian_latent(mean, log_variance, step, Dtype::bf16);
  std::vector<float> rounded = wide.z.to_host<float>();
  for (float& value : rounded) value = static_cast<float>(bf16(value));
  CHECK(tests::to_floats(narrow.z) == rounded);
  CHECK(narrow.kl.item() == wide.kl.item());
  const Tensor targets = convert(random_tensor(context, narrow.z.shape(), 5), Dtype::bf16);
  backward(losses::bernoulli_nll(narrow.z, targets));
  CHECK(mean.gradient().dtype() == Dtype::f32);
  CHECK(log_variance.gradient().dtype() == Dtype::f32);
}

TEST_CASE("vae: names shapes and types that do not fit") {
  const Context context = kernels::make_context();
  const Tensor rows = Tensor::zeros(context, {2, 3}), other = Tensor::zeros(context, {2, 4}),
               half = Tensor::zeros(context, {2, 3}, Dtype::bf16);
  CHECK_THROWS_WITH_AS(losses::bernoulli_nll(rows, other),
                       "bernoulli_nll: expected logits and targets of one shape [N,...] and one dtype, got [2,3] f32 "
                       "and [2,4] f32",
                       Error);
  CHECK_THROWS_AS(losses::bernoulli_nll(rows, half), Error);
  CHECK_THROWS_WITH_AS(
      losses::gaussian_latent(rows, other, Step(context, 0)),
      "gaussian_latent: expected mean and log_variance f32 of one shape [N,d], got [2,3] f32 and [2,4] "
      "f32",
      Error);
  CHECK_THROWS_AS(losses::gaussian_latent(half, half, Step(context, 0)), Error);
}
