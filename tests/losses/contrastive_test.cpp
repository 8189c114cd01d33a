#include "losses/contrastive.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/l2_normalize.h"
#include "kernels/context.h"
#include "losses/alignment.h"
#include "tests/losses/golden_rows.h"
#include "tests/losses/terms_of.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;
using losses::contrastive;
using losses::ContrastiveLoss;
using losses::LossName;
using losses::Options;

namespace {

Tensor golden(const Context& context) {
  return Tensor::from<float>(context, {2 * tests::kGoldenPairs, tests::kGoldenWidth}, tests::golden_rows());
}

ContrastiveLoss at_step(std::int32_t step, const Tensor& z, const Options& options) {
  const Tensor now = Tensor::from<std::int32_t>(z.context(), {1}, {step});
  return contrastive(z, options, {.seed = 1, .step = now});
}

}  // namespace

TEST_CASE("contrastive: golden values of every loss, from raw rows and its own defaults") {
  const Context context = kernels::make_context();
  const auto value = [&](const Options& options) { return at_step(0, golden(context), options).loss.item(); };
  CHECK(value({.name = LossName::nt_xent}) == doctest::Approx(1.4608597884).epsilon(1e-6));
  CHECK(value({.name = LossName::nt_xent, .temperature = 0.5f}) == doctest::Approx(1.8233050546).epsilon(1e-6));
  CHECK(value({.name = LossName::cross_view}) == doctest::Approx(0.8786400876).epsilon(1e-6));
  CHECK(value({.name = LossName::decoupled}) == doctest::Approx(0.1713227695).epsilon(1e-6));
}

TEST_CASE("contrastive: the decoupled loss is scale (alignment + lambda distribution), and so is its gradient") {
  const Context context = kernels::make_context();
  const Tensor z = golden(context).requires_gradient();
  const ContrastiveLoss y = at_step(0, z, {.name = LossName::decoupled});
  CHECK(y.alignment.item() == doctest::Approx(0.0430773470).epsilon(1e-6));
  CHECK(y.distribution.item() == doctest::Approx(1.2824542253).epsilon(1e-6));
  engine::backward(y.loss);
  const std::vector<float> dz = z.gradient().to_host<float>();
  const double expected[] = {-.0143231776, .0033956010, .0128581995};
  for (std::size_t j = 0; j < 3; ++j) CHECK(static_cast<double>(dz[j]) == doctest::Approx(expected[j]).epsilon(1e-5));

  const ContrastiveLoss other = at_step(0, golden(context), {.name = LossName::decoupled, .lambda = 0.5f, .scale = 3});
  CHECK(other.loss.item() == doctest::Approx(3 * (0.0430773470 + 0.5 * 1.2824542253)).epsilon(1e-6));
  CHECK(other.distribution.item() == y.distribution.item());
}

TEST_CASE("contrastive: scalings, normalisation, the self pair and the temperature factor of the decoupled loss") {
  const Context context = kernels::make_context();
  const Tensor z = golden(context);
  const auto terms = [&](Options options) {
    options.name = LossName::decoupled;
    return tests::terms_of(at_step(0, z, options));
  };
  const std::vector<float> notebook = terms({}), paper = terms({.scaling = losses::Scaling::paper});
  CHECK(paper[1] == doctest::Approx(4 * notebook[1]));
  CHECK(paper[2] == doctest::Approx(2 * (static_cast<double>(notebook[2]) + std::log(3.0))));
  CHECK(terms({.normalize = false})[1] == doctest::Approx(0.0773283902).epsilon(1e-6));
  CHECK(terms({.self_pair = false})[2] < notebook[2]);
  // Equation 3: temperature * NT-Xent = alignment + distribution, up to the constant of |u - v|^2 = 2 - 2 u.v.
  const float temperature = 0.5f;
  const std::vector<float> eq3 = terms(
      {.temperature = temperature, .scaling = losses::Scaling::paper, .self_pair = false, .temperature_factor = true});
  const ContrastiveLoss nt_xent = at_step(0, z, {.temperature = temperature});
  CHECK(eq3[2] == doctest::Approx(temperature * nt_xent.distribution.item()).epsilon(1e-6));
}

TEST_CASE("contrastive: losses of sliced projections are their alignment and their distance, weighted") {
  const Context context = kernels::make_context();
  const Tensor z = tests::random_tensor(context, {64, 8}, 1);
  const auto terms = [&](const Options& options) {
    const ContrastiveLoss y = at_step(2, z, options);
    CHECK(!y.accuracy);
    return std::array{y.loss.item(), y.alignment.item(), y.distribution.item()};
  };
  const auto distance = losses::alignment(z, 1.0f / (64 * 8)).item();  // of two views, half the mean square
  const auto [swd, swd_a, swd_d] = terms({.name = LossName::swd, .prior = kernels::Prior::normal});
  CHECK(swd_a == doctest::Approx(distance));
  CHECK(swd == doctest::Approx(swd_a + 5 * swd_d));
  const auto [paper, paper_a, paper_d] =
      terms({.name = LossName::swd, .scaling = losses::Scaling::paper, .prior = kernels::Prior::normal});
  CHECK(paper_a == doctest::Approx(4 * swd_a));
  CHECK(paper_d == doctest::Approx(64.0 / 8 * swd_d));
  CHECK(paper == doctest::Approx(paper_a + 5 * paper_d));
  const auto [sigreg, sigreg_a, sigreg_d] = terms({.name = LossName::sigreg});
  CHECK(sigreg_a == doctest::Approx(distance / 2));
  CHECK(sigreg == doctest::Approx(0.95 * sigreg_a + 0.05 * sigreg_d));
  const auto [visreg, visreg_a, visreg_d] = terms({.name = LossName::visreg, .lambda = 0.9f});
  CHECK(visreg_a == doctest::Approx(distance / 2));
  CHECK(visreg == doctest::Approx(0.1 * visreg_a + 0.9 * visreg_d));

  const auto differs = [&](const Options& one, const Options& other) { return terms(one)[0] != terms(other)[0]; };
  CHECK(differs({.name = LossName::swd}, {.name = LossName::swd, .slices = 3}));
  CHECK(differs({.name = LossName::swd}, {.name = LossName::swd, .prior = kernels::Prior::cube}));
  CHECK(differs({.name = LossName::swd, .prior = kernels::Prior::cube},
                {.name = LossName::swd, .prior = kernels::Prior::cube, .prior_scale = 2}));
  CHECK(differs(
      {.name = LossName::swd, .prior = kernels::Prior::normal},
      {.name = LossName::swd, .prior = kernels::Prior::normal, .prior_sample = losses::PriorSample::quantiles}));
  CHECK(differs({.name = LossName::sigreg}, {.name = LossName::sigreg, .slices = 8}));
  CHECK(differs({.name = LossName::sigreg}, {.name = LossName::sigreg, .knots = 5}));
  CHECK(differs({.name = LossName::sigreg}, {.name = LossName::sigreg, .knot_range = 5}));
  CHECK(differs({.name = LossName::visreg}, {.name = LossName::visreg, .slices = 8}));
}

TEST_CASE("contrastive: directions and priors are new in every step, or stay") {
  const Context context = kernels::make_context();
  const Tensor z = tests::random_tensor(context, {64, 8}, 1);
  for (const LossName name : {LossName::swd, LossName::sigreg, LossName::visreg}) {
    CAPTURE(engine::name(name));
    const auto at = [&](std::int32_t step) { return at_step(step, z, {.name = name}).loss.item(); };
    CHECK(at(1) == at(1));
    CHECK(at(1) != at(2));
  }
  const Options fixed{.name = LossName::swd,
                      .prior = kernels::Prior::normal,
                      .prior_sample = losses::PriorSample::quantiles,
                      .fixed_directions = true};
  CHECK(at_step(1, z, fixed).loss.item() == at_step(2, z, fixed).loss.item());
}

TEST_CASE("contrastive: gradients with respect to raw rows match central differences") {
  const Context context = kernels::make_context();
  const Tensor z = tests::random_tensor(context, {10, 6}, 1);
  for (std::size_t i = 0; i < engine::kNames<LossName>.size(); ++i) {
    CAPTURE(engine::kNames<LossName>[i]);
    const Options options{.name = static_cast<LossName>(i)};
    if (options.name == LossName::visreg) continue;  // it has a stop-gradient: tests/losses/visreg_test.cpp
    const auto loss = [&](const auto& in) { return at_step(3, in[0], options).loss; };
    tests::check_gradients(loss, {z}, {.tolerance = 4e-3});  // a low temperature bends the loss within a step
  }
}

TEST_CASE("contrastive: remedies reach the loss") {
  const Context context = kernels::make_context();
  const Tensor z = golden(context);
  for (const LossName name : {LossName::nt_xent, LossName::cross_view}) {
    const float plain = at_step(0, z, {.name = name}).loss.item();
    CHECK(at_step(0, z, {.name = name, .ifm_epsilon = 0.1f}).loss.item() > plain);
    CHECK(at_step(0, z, {.name = name, .hard_negative_beta = 1}).loss.item() > plain);
    CHECK(at_step(0, z, {.name = name, .debias_tau_plus = 0.1f}).loss.item() != plain);
  }
}

TEST_CASE("contrastive: a temperature schedule begins high, is lowest in the middle of its period and repeats") {
  const Context context = kernels::make_context();
  const Tensor z = golden(context);
  for (const LossName name : {LossName::nt_xent, LossName::cross_view, LossName::decoupled}) {
    const auto at = [&](std::int32_t step) {
      return at_step(step, z,
                     {.name = name,
                      .temperature = 0.2f,
                      .temperature_schedule = losses::TemperatureSchedule::cosine,
                      .temperature_high = 1,
                      .temperature_period = 2,
                      .steps_per_epoch = 10})
          .loss.item();
    };
    const auto constant = [&](float temperature) {
      return at_step(0, z, {.name = name, .temperature = temperature}).loss.item();
    };
    CHECK(at(0) == doctest::Approx(constant(1)));
    CHECK(at(5) == doctest::Approx(constant(0.6f)));
    CHECK(at(10) == doctest::Approx(constant(0.2f)));
    CHECK(at(20) == at(0));
  }
}

TEST_CASE("contrastive: bf16 rows give a loss near that of their values, and a gradient in bf16") {
  const Context context = kernels::make_context();
  const std::vector<float> values = tests::random_values(20 * 6, 1);
  const std::vector<engine::bf16> narrow(values.begin(), values.end());
  const Tensor wide = Tensor::from<float>(context, {20, 6}, std::vector<float>(narrow.begin(), narrow.end()));
  for (std::size_t i = 0; i < engine::kNames<LossName>.size(); ++i) {
    CAPTURE(engine::kNames<LossName>[i]);
    const Options options{.name = static_cast<LossName>(i)};
    const Tensor z = Tensor::from<engine::bf16>(context, {20, 6}, narrow).requires_gradient();
    const ContrastiveLoss y = at_step(0, z, options);
    CHECK(y.loss.item() == doctest::Approx(at_step(0, wide, options).loss.item()).epsilon(0.02));
    engine::backward(y.loss);
    CHECK(z.gradient().dtype() == engine::Dtype::bf16);
  }
}

TEST_CASE("contrastive: refuses rows that are not two views, and impossible numbers") {
  const Context context = kernels::make_context();
  const auto refuses = [&](const Tensor& z, const Options& options, const char* message) {
    CHECK_THROWS_WITH_AS(at_step(0, z, options), message, engine::Error);
  };
  refuses(Tensor::zeros(context, {3, 2}), {},
          "contrastive: z must be [2n,d], the rows of view 1 above those of view 2, got [3,2]");
  refuses(golden(context), {.name = LossName::decoupled, .lambda = -1},
          "contrastive: lambda must be a number from 0 on, got -1");
  refuses(golden(context), {.name = LossName::sigreg, .lambda = 2},
          "contrastive: lambda must be at most 1, as 1 - lambda weighs the alignment, got 2");
  refuses(golden(context), {.temperature = 0}, "nt_xent: temperature must be a number above 0, got 0");
  refuses(golden(context),
          {.temperature = 2, .temperature_schedule = losses::TemperatureSchedule::cosine, .temperature_high = 1},
          "contrastive: a schedule's temperatures must be numbers above 0, the lower one first, got 2 and 1");
}
