// Single operations compared with PyTorch. Tolerances: one f32 rounding per term of the longest sum, plus a few for the
// rest.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/conv2d_transpose.h"
#include "engine/ops/l2_normalize.h"
#include "engine/ops/max_pool.h"
#include "kernels/context.h"
#include "losses/similarity.h"
#include "losses/sliced_wasserstein.h"
#include "tests/golden/fixture.h"
#include "tests/numeric.h"

using namespace engine;
using tests::Fixture;

namespace {

const double kRounding = tests::rounding(Dtype::f32);

}  // namespace

TEST_CASE("golden conv2d: forward and both gradients at odd shapes") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "conv2d");
  int cases = 0;
  for (; golden.has(std::to_string(cases) + "/x"); ++cases) {
    const std::string prefix = std::to_string(cases) + "/";
    CAPTURE(prefix);
    const auto geometry = golden.tensor(prefix + "geometry").to_host<std::int32_t>();
    const Tensor x = golden.tensor(prefix + "x").requires_gradient(),
                 weight = golden.tensor(prefix + "weight").requires_gradient(), dy = golden.tensor(prefix + "dy");
    const Tensor y = conv2d(x, weight, {.stride = geometry[0], .pad = geometry[1]});
    const Shape& window = weight.shape();
    const std::int64_t taps = window[1] * window[2];
    golden.expect_close(y, prefix + "y", kRounding * static_cast<double>(taps * window[3] + 4));
    backward(y, dy);
    golden.expect_close(x.gradient(), prefix + "dx", kRounding * static_cast<double>(taps * window[0] + 4));
    golden.expect_close(weight.gradient(), prefix + "dweight", kRounding * static_cast<double>(dy.shape().rows() + 4));
  }
  CHECK(cases == 6);
}

TEST_CASE("golden conv2d_transpose: forward and all gradients at odd shapes, larger than the smallest, too") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "conv2d_transpose");
  int cases = 0;
  for (; golden.has(std::to_string(cases) + "/x"); ++cases) {
    const std::string prefix = std::to_string(cases) + "/";
    CAPTURE(prefix);
    const auto geometry = golden.tensor(prefix + "geometry").to_host<std::int32_t>();
    const Tensor x = golden.tensor(prefix + "x").requires_gradient(),
                 weight = golden.tensor(prefix + "weight").requires_gradient(),
                 bias = golden.tensor(prefix + "bias").requires_gradient(), dy = golden.tensor(prefix + "dy");
    const Tensor y = conv2d_transpose(
        x, weight, bias, {.stride = geometry[0], .pad = geometry[1], .height = dy.shape()[1], .width = dy.shape()[2]});
    const Shape& window = weight.shape();
    const std::int64_t taps = window[1] * window[2];
    golden.expect_close(y, prefix + "y", kRounding * static_cast<double>(taps * window[0] + 4));
    backward(y, dy);
    golden.expect_close(x.gradient(), prefix + "dx", kRounding * static_cast<double>(taps * window[3] + 4));
    golden.expect_close(weight.gradient(), prefix + "dweight", kRounding * static_cast<double>(x.shape().rows() + 4));
    golden.expect_close(bias.gradient(), prefix + "dbias", kRounding * static_cast<double>(dy.shape().rows() + 4));
  }
  CHECK(cases == 6);
}

TEST_CASE("golden batch_norm: values, gradients, and both kinds of running variance") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "batch_norm");
  for (const bool unbiased : {false, true}) {
    CAPTURE(unbiased);
    const Tensor x = golden.tensor("x").requires_gradient(), gamma = golden.tensor("gamma").requires_gradient(),
                 beta = golden.tensor("beta").requires_gradient();
    const RunningStatistics running{Tensor::zeros(context, {7}), Tensor::from(context, {7}, std::vector<float>(7, 1)),
                                    Tensor::zeros(context, {}, Dtype::i32)};
    const Tensor y = batch_norm(x, gamma, beta, running, Mode::train, {.unbiased_variance = unbiased});
    const double tolerance = kRounding * static_cast<double>(x.shape().rows());
    golden.expect_close(y, "y", tolerance);
    golden.expect_close(running.mean, "running_mean", tolerance);
    golden.expect_close(running.variance, unbiased ? "running_var_unbiased" : "running_var_biased", tolerance);
    backward(y, golden.tensor("dy"));
    golden.expect_close(x.gradient(), "dx", tolerance);
    golden.expect_close(gamma.gradient(), "dgamma", tolerance);
    golden.expect_close(beta.gradient(), "dbeta", tolerance);
  }
}

TEST_CASE("golden max_pool: exact, with ties, padded on all sides or after only") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "max_pool");
  for (const std::string name : {"symmetric", "after"}) {
    CAPTURE(name);
    const MaxPoolOptions::Padding padding{name == "symmetric" ? 1 : 0, 1};
    const Tensor x = golden.tensor(name + "/x").requires_gradient();
    const Tensor y = max_pool(x, {.rows = padding, .columns = padding});
    golden.expect_close(y, name + "/y", 0);
    backward(y, golden.tensor(name + "/dy"));
    golden.expect_close(x.gradient(), name + "/dx", 4 * kRounding);  // sums of up to four terms
  }
}

TEST_CASE("golden nt_xent: value and gradient of the rows before they are normalised") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "nt_xent");
  for (const std::string n : {"1", "7", "37"}) {
    for (const std::string temperature : {"0.1", "0.5"}) {
      const std::string prefix = n + "/" + temperature + "/";
      CAPTURE(prefix);
      const Tensor z = golden.tensor(prefix + "z").requires_gradient();
      const float t = golden.tensor(prefix + "temperature").item();
      const losses::ContrastiveLoss result = losses::nt_xent(l2_normalize(z), {{t}});
      // Logits of up to 1/t have an absolute error of that many roundings; sums run over the rows.
      const double tolerance = kRounding * (4 / t + static_cast<double>(z.shape()[0]));
      tests::expect_close({result.loss.item()}, {golden.tensor(prefix + "loss").item()}, tolerance);
      backward(result.loss);
      if (n == "1") continue;  // with one candidate the gradient is zero except for rounding, which differs
      golden.expect_close(z.gradient(), prefix + "dz", tolerance);
    }
  }
}

TEST_CASE("golden log_sum_exp: the decoupled loss's distribution and its gradient") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "log_sum_exp");
  for (const std::string n : {"1", "9", "40"}) {
    for (const std::string temperature : {"0.2", "1.0"}) {
      const std::string prefix = n + "/" + temperature + "/";
      CAPTURE(prefix);
      const Tensor z = golden.tensor(prefix + "z").requires_gradient();
      const float t = golden.tensor(prefix + "temperature").item();
      const losses::Distribution result =
          losses::log_sum_exp_distribution(l2_normalize(z), {.temperature = {.value = t}});
      const double tolerance = kRounding * (4 / t + static_cast<double>(z.shape()[0]));
      tests::expect_close({result.loss.item()}, {golden.tensor(prefix + "loss").item()}, tolerance);
      backward(result.loss);
      golden.expect_close(z.gradient(), prefix + "dz", tolerance);
    }
  }
}

TEST_CASE("golden queue: value and gradient, also with modified implicit features") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "queue");
  for (const std::string n : {"1", "5", "33"}) {
    for (const std::string epsilon : {"0.0", "0.1"}) {
      const std::string prefix = n + "/" + epsilon + "/";
      CAPTURE(prefix);
      const Tensor z = golden.tensor(prefix + "z").requires_gradient(), queue = golden.tensor(prefix + "queue");
      const losses::ContrastiveLoss result =
          losses::queue(l2_normalize(z), golden.tensor(prefix + "keys"), queue,
                        {.temperature = {.value = 0.2f}, .ifm_epsilon = golden.tensor(prefix + "epsilon").item()});
      const double tolerance = kRounding * (20 + static_cast<double>(queue.shape()[0]));
      tests::expect_close({result.loss.item()}, {golden.tensor(prefix + "loss").item()}, tolerance);
      backward(result.loss);
      golden.expect_close(z.gradient(), prefix + "dz", tolerance);
    }
  }
}

TEST_CASE("golden hard_negatives: their weights, debiasing, and the lowest sum of negatives that it may leave") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "hard_negatives");
  int cases = 0;
  for (; golden.has(std::to_string(cases) + "/z"); ++cases) {
    const std::string prefix = std::to_string(cases) + "/";
    CAPTURE(prefix);
    const Tensor z = golden.tensor(prefix + "z").requires_gradient();
    const auto options = golden.tensor(prefix + "options").to_host<float>();
    const losses::ContrastiveLoss result = losses::nt_xent(
        l2_normalize(z),
        {.temperature = {.value = options[0]}, .hard_negative_beta = options[1], .debias_tau_plus = options[2]});
    // Debiasing subtracts what is nearly as large.
    const double tolerance = 10 * kRounding * (4 / options[0] + static_cast<double>(z.shape()[0]));
    tests::expect_close({result.loss.item()}, {golden.tensor(prefix + "loss").item()}, tolerance);
    backward(result.loss);
    golden.expect_close(z.gradient(), prefix + "dz", tolerance);
  }
  CHECK(cases == 4);
}

TEST_CASE("golden sliced_wasserstein: value and gradient, given directions and prior, with ties") {
  const Context context = kernels::make_context();
  const Fixture golden(context, "sliced_wasserstein");
  int cases = 0;
  for (; golden.has(std::to_string(cases) + "/z"); ++cases) {
    const std::string prefix = std::to_string(cases) + "/";
    CAPTURE(prefix);
    const Tensor z = golden.tensor(prefix + "z").requires_gradient();
    const std::vector<std::int32_t> options = golden.tensor(prefix + "options").to_host<std::int32_t>();
    const Tensor loss = losses::sliced_wasserstein(
        options[0] != 0 ? l2_normalize(z) : z, golden.tensor(prefix + "directions"), golden.tensor(prefix + "prior"),
        options[1] != 0 ? losses::Scaling::paper : losses::Scaling::notebook);
    // Projections have the rounding of a sum over the columns; where two lie within it, their ranks may change.
    const double tolerance = kRounding * static_cast<double>(z.shape()[1] + 20);
    tests::expect_close({loss.item()}, {golden.tensor(prefix + "loss").item()}, tolerance);
    backward(loss);
    golden.expect_close(z.gradient(), prefix + "dz", 4 * tolerance);
  }
  CHECK(cases == 6);
}
