#include "losses/sliced_wasserstein.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/l2_normalize.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;
using kernels::Prior;
using losses::PriorSample;
using losses::Scaling;
using losses::sliced_wasserstein;
using losses::SwdOptions;

namespace {

constexpr std::int64_t kN = 8, kD = 3;

/// The inputs of the golden values, which an independent implementation computed in double.
Tensor both_views(const Context& context) {
  std::vector<float> z;
  for (int i = 0; i < kN / 2 * kD; ++i) z.push_back(static_cast<float>(std::sin(1 + 0.7 * i)));
  for (int i = 0; i < kN / 2 * kD; ++i) z.push_back(static_cast<float>(std::cos(0.3 + 0.5 * i)));
  return Tensor::from(context, {kN, kD}, z);
}
Tensor prior_rows(const Context& context) {
  std::vector<float> p;
  for (int i = 0; i < kN * kD; ++i) p.push_back(static_cast<float>(std::sin(2 + 1.1 * i)));
  return Tensor::from(context, {kN, kD}, p);
}
/// I - 2 v v^T / 14 with v = (1, 2, 3): symmetric, so that it is its own transpose.
Tensor reflection(const Context& context) {
  std::vector<float> w;
  for (int i = 1; i <= kD; ++i) {
    for (int j = 1; j <= kD; ++j) w.push_back(static_cast<float>((i == j ? 1.0 : 0.0) - 2.0 * i * j / 14));
  }
  return Tensor::from(context, {kD, kD}, w);
}

void expect_first_row(const Tensor& z, const std::vector<double>& expected) {
  const std::vector<float> gradient = z.gradient().to_host<float>();
  for (std::size_t j = 0; j < expected.size(); ++j) CHECK(std::abs(gradient[j] - expected[j]) < 1e-7);
}

Tensor step_of(const Context& context, std::int32_t step) { return Tensor::from<std::int32_t>(context, {}, {step}); }

}  // namespace

TEST_CASE("sliced_wasserstein: golden values and gradients, in both scalings") {
  const Context context = kernels::make_context();
  const Tensor w = reflection(context), prior = prior_rows(context);
  const Tensor raw = both_views(context).requires_gradient();
  const Tensor loss = sliced_wasserstein(raw, w, prior);
  CHECK(loss.item() == doctest::Approx(.2337826530).epsilon(1e-6));
  CHECK(sliced_wasserstein(raw, w, prior, Scaling::paper).item() == doctest::Approx(.6234204079).epsilon(1e-6));
  engine::backward(loss);
  expect_first_row(raw, {.0686728855, .0159151115, -.0251883279});

  const Tensor z = both_views(context).requires_gradient();
  const Tensor normalised = sliced_wasserstein(engine::l2_normalize(z), w, engine::l2_normalize(prior));
  CHECK(normalised.item() == doctest::Approx(.1503341544).epsilon(1e-6));
  engine::backward(normalised);
  expect_first_row(z, {.0248735424, -.0035678900, -.0257485733});
}

TEST_CASE("sliced_wasserstein: gradients match central differences, in every mode") {
  const Context context = kernels::make_context();
  const Tensor step = step_of(context, 4);
  for (const Prior prior : {Prior::sphere, Prior::cube, Prior::normal}) {
    for (const PriorSample sample : {PriorSample::drawn, PriorSample::quantiles}) {
      if (sample == PriorSample::quantiles && prior != Prior::normal) continue;
      for (const Scaling scaling : {Scaling::notebook, Scaling::paper}) {
        for (const std::int64_t projections : {0, 2}) {
          CAPTURE(static_cast<int>(prior));
          CAPTURE(static_cast<int>(sample));
          CAPTURE(projections);
          const SwdOptions options{
              .prior = prior, .prior_scale = 0.75f, .sample = sample, .projections = projections, .scaling = scaling};
          const auto f = [&](const std::vector<Tensor>& in) {
            return sliced_wasserstein(in[0], options, {.seed = 2, .step = step});
          };
          tests::check_gradients(f, {tests::random_tensor(context, {6, 4}, 1)}, {.step = 1e-3, .tolerance = 1e-3});
        }
      }
    }
  }
}

TEST_CASE("sliced_wasserstein: between two samples of a prior, the noise of so many rows") {
  const Context context = kernels::make_context();
  const struct {
    Prior prior;
    std::int64_t n;
    double floor;
  } cases[] = {{Prior::normal, 256, 0.0217},  {Prior::cube, 256, 0.0081},  {Prior::sphere, 256, 3.0e-4},
               {Prior::normal, 2048, 0.0031}, {Prior::cube, 2048, 0.0012}, {Prior::sphere, 2048, 4.2e-5}};
  for (const auto& each : cases) {
    const Prior prior = each.prior;
    const std::int64_t n = each.n;
    CAPTURE(static_cast<int>(prior));
    CAPTURE(n);
    double mean = 0;
    constexpr int kSteps = 8;
    for (std::int32_t at = 0; at < kSteps; ++at) {
      const Tensor step = step_of(context, at), z = Tensor::empty(context, {n, 64});
      kernels::draw_prior(context, {.seed = 77, .step = step, .prior = prior, .scale = 1, .rows = z});
      mean += sliced_wasserstein(z, {.prior = prior}, {.seed = 5, .step = step}).item() / double{kSteps};
    }
    CHECK(mean == doctest::Approx(each.floor).epsilon(0.15));
  }
}

TEST_CASE("sliced_wasserstein: quantiles are the prior without its noise") {
  const Context context = kernels::make_context();
  const Tensor step = step_of(context, 3), z = Tensor::empty(context, {2048, 16});
  kernels::draw_prior(context, {.seed = 77, .step = step, .prior = Prior::normal, .scale = 2, .rows = z});
  SwdOptions options{.prior = Prior::normal, .prior_scale = 2};
  const float drawn = sliced_wasserstein(z, options, {.seed = 5, .step = step}).item();
  options.sample = PriorSample::quantiles;
  const float quantiles = sliced_wasserstein(z, options, {.seed = 5, .step = step}).item();
  CHECK(quantiles == doctest::Approx(drawn / 2).epsilon(0.3));  // one noisy side instead of two
  options.prior_scale = 1;
  CHECK(sliced_wasserstein(z, options, {.seed = 5, .step = step}).item() == doctest::Approx(1).epsilon(0.1));
}

TEST_CASE("sliced_wasserstein: new directions and a new prior at every step, repeated exactly, or fixed ones") {
  const Context context = kernels::make_context();
  const Tensor z = tests::random_tensor(context, {60, 6}, 1);
  const auto loss = [&](const SwdOptions& options, std::uint64_t seed, std::int32_t step) {
    return sliced_wasserstein(z, options, {.seed = seed, .step = step_of(context, step)}).item();
  };
  const float first = loss({}, 1, 0);
  CHECK(first == loss({}, 1, 0));
  CHECK(first != loss({}, 1, 1));
  CHECK(first != loss({}, 2, 0));
  const SwdOptions quantiles{.prior = Prior::normal, .sample = PriorSample::quantiles};
  CHECK(loss(quantiles, 1, 0) != loss(quantiles, 1, 1));
  SwdOptions fixed = quantiles;
  fixed.fixed_directions = true;  // with quantiles nothing else is random
  CHECK(loss(fixed, 1, 5) == loss(quantiles, 1, 0));
  CHECK(loss(fixed, 1, 6) == loss(fixed, 1, 5));
}

TEST_CASE("sliced_wasserstein: upstream gradients scale it, and it adds to other gradients") {
  const Context context = kernels::make_context();
  const Tensor step = step_of(context, 0), values = tests::random_tensor(context, {40, 5}, 1);
  const auto gradient = [&](float dloss, int times) {
    const Tensor z = values.requires_gradient();
    for (int i = 0; i < times; ++i) {
      const Tensor loss = sliced_wasserstein(z, {}, {.seed = 1, .step = step});
      engine::backward(loss, Tensor::from<float>(context, {}, {dloss}));
    }
    return z.gradient().to_host<float>();
  };
  const std::vector<float> once = gradient(1, 1), scaled = gradient(-4, 1), twice = gradient(1, 2);
  for (std::size_t i = 0; i < once.size(); ++i) {
    CHECK(scaled[i] == doctest::Approx(-4 * once[i]).epsilon(1e-5));
    CHECK(twice[i] == doctest::Approx(2 * once[i]).epsilon(1e-5));
  }
}

TEST_CASE("sliced_wasserstein: of bf16 rows, what their values give in f32, the gradient rounded") {
  const Context context = kernels::make_context();
  const Tensor step = step_of(context, 0), narrow = tests::random_tensor(context, {40, 5}, 1, engine::Dtype::bf16);
  const Tensor z = narrow.requires_gradient(),
               wide = Tensor::from(context, narrow.shape(), tests::to_floats(narrow)).requires_gradient();
  const Tensor loss = sliced_wasserstein(z, {}, {.seed = 1, .step = step}),
               expected = sliced_wasserstein(wide, {}, {.seed = 1, .step = step});
  CHECK(loss.item() == expected.item());
  engine::backward(loss);
  engine::backward(expected);
  const std::vector<engine::bf16> actual = z.gradient().to_host<engine::bf16>();
  const std::vector<float> unrounded = wide.gradient().to_host<float>();
  for (std::size_t i = 0; i < actual.size(); ++i) CHECK(actual[i].bits == engine::bf16(unrounded[i]).bits);
}

TEST_CASE("sliced_wasserstein: a NaN row makes the loss NaN") {
  const Context context = kernels::make_context();
  std::vector<float> values = tests::random_values(40, 1);
  values[17] = NAN;
  const Tensor z = Tensor::from(context, {10, 4}, values), step = step_of(context, 0);
  CHECK(std::isnan(sliced_wasserstein(z, {}, {.seed = 1, .step = step}).item()));
}

TEST_CASE("sliced_wasserstein: memory grows with N (d + k) only") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  const Tensor z = tests::random_tensor(context, {8192, 32}, 1).requires_gradient(), step = step_of(context, 0);
  context.pool().reset_peak();
  const std::size_t before = context.pool().used_bytes();
  engine::backward(sliced_wasserstein(z, {}, {.seed = 1, .step = step}));
  CHECK(context.pool().peak_bytes() - before < 4 * z.bytes() + (1 << 20));
}

TEST_CASE("sliced_wasserstein: what makes no sense is one sentence") {
  const Context context = kernels::make_context();
  const Tensor z = Tensor::zeros(context, {4, 3}), step = step_of(context, 0);
  const losses::StepDraw draw{.seed = 1, .step = step};
  CHECK_THROWS_WITH_AS(sliced_wasserstein(z, {.projections = 4}, draw),
                       "sliced_wasserstein: projections must be 1 to 3, the columns of z, since no more directions are "
                       "orthogonal (0: 3), got 4",
                       engine::Error);
  CHECK_THROWS_AS(sliced_wasserstein(z, {.projections = -1}, draw), engine::Error);
  CHECK_THROWS_WITH_AS(sliced_wasserstein(Tensor::zeros(context, {0, 3}), {}, draw),
                       "sliced_wasserstein: z must be f32 or bf16 [N,d] with at least one row and one column, got f32 "
                       "[0,3]",
                       engine::Error);
  CHECK_THROWS_AS(sliced_wasserstein(Tensor::zeros(context, {4}), {}, draw), engine::Error);
  CHECK_THROWS_AS(sliced_wasserstein(Tensor::zeros(context, {4, 3}, engine::Dtype::i32), {}, draw), engine::Error);
  CHECK_THROWS_WITH_AS(sliced_wasserstein(z, {.sample = PriorSample::quantiles}, draw),
                       "sliced_wasserstein: quantiles need the normal prior, whose projections are the same for all "
                       "directions, got sphere; draw its sample",
                       engine::Error);
  CHECK_THROWS_WITH_AS(sliced_wasserstein(z, {.prior = Prior::cube, .prior_scale = 0}, draw),
                       "sliced_wasserstein: prior_scale must be a number above 0, got 0", engine::Error);
  CHECK_THROWS_WITH_AS(sliced_wasserstein(z, Tensor::zeros(context, {3, 2}), z),
                       "sliced_wasserstein: directions must be f32 [k,d] and prior f32 [N,d] for z [N,d], got "
                       "directions [3,2], prior [4,3] and z [4,3]",
                       engine::Error);
}
