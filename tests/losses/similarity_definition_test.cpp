// Every loss of losses/similarity.h, with every remedy, against its definition in double and central differences of it.
#include "tests/losses/similarity_definition.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "losses/similarity.h"
#include "tests/losses/terms_of.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Shape;
using engine::Tensor;
using kernels::Candidates;
using tests::SimilarityDefinition;

namespace {

std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

/// Unit rows. With `likeness` above 0 row n + i is like row i.
std::vector<float> unit_rows(std::int64_t rows, std::int64_t d, std::uint64_t seed, float likeness = 0) {
  std::vector<float> u = tests::random_values(rows * d, seed);
  for (std::int64_t i = 0; i < rows; ++i) {
    float* row = u.data() + i * d;
    double squared = 0;
    for (std::int64_t k = 0; k < d; ++k) {
      if (2 * i >= rows) row[k] += likeness * row[k - rows / 2 * d];
      squared += static_cast<double>(row[k]) * row[k];
    }
    for (std::int64_t k = 0; k < d; ++k) row[k] = static_cast<float>(row[k] / std::sqrt(squared));
  }
  return u;
}

struct Problem {
  SimilarityDefinition definition;
  float likeness = 0.5f;
  losses::Products products = losses::Products::exact;
  int threads = 2;
  bool temperature_on_device = false;
};

struct Result {
  double loss;
  std::vector<float> metrics, du;  // du of the rows of u that have a gradient
  bool operator==(const Result&) const = default;
};

Result run(const Problem& p) {
  const SimilarityDefinition& q = p.definition;
  const Context context = kernels::make_context({.device = {}, .threads = p.threads});
  const std::vector<float> u = unit_rows(2 * q.n, q.d, 1, p.likeness);
  const Tensor both = Tensor::from<float>(context, {2 * q.n, q.d}, u);
  const auto temperature = static_cast<float>(q.temperature);
  const Tensor now = Tensor::from<float>(context, Shape(), {temperature});
  losses::SimilarityOptions options{.ifm_epsilon = static_cast<float>(q.epsilon),
                                    .hard_negative_beta = static_cast<float>(q.beta),
                                    .debias_tau_plus = static_cast<float>(q.tau_plus),
                                    .products = p.products};
  options.temperature = p.temperature_on_device ? losses::Temperature{.value = -1, .now = now}
                                                : losses::Temperature{.value = temperature};
  switch (q.candidates) {
    case Candidates::others:
    case Candidates::other_view: {
      const Tensor leaf = both.requires_gradient();
      const losses::ContrastiveLoss y =
          (q.candidates == Candidates::others ? losses::nt_xent : losses::cross_view)(leaf, options);
      engine::backward(y.loss);
      return {y.loss.item(), tests::terms_of(y), leaf.gradient().to_host<float>()};
    }
    case Candidates::queue: {
      const Tensor anchors = both.narrow(0, q.n).requires_gradient(), keys = both.narrow(q.n, q.n).requires_gradient();
      const auto rows = static_cast<std::int64_t>(q.queue.size()) / q.d;
      const Tensor queue =
          Tensor::from(context, {rows, q.d}, std::vector<float>(q.queue.begin(), q.queue.end())).requires_gradient();
      const losses::ContrastiveLoss y = losses::queue(anchors, keys, queue, options);
      engine::backward(y.loss);
      CHECK(!keys.gradient());
      CHECK(!queue.gradient());
      return {y.loss.item(), tests::terms_of(y), anchors.gradient().to_host<float>()};
    }
    case Candidates::all: break;
  }
  FAIL("not a loss with remedies");
  return {};
}

/// The error of a similarity in f32 is a few ulp of 1 / temperature, a relative error of each weight. Debiasing divides
/// by what it leaves, `remaining` of the mean, which magnifies errors.
void check(const Problem& p, double remaining = 1) {
  const SimilarityDefinition& q = p.definition;
  CAPTURE(q.n);
  CAPTURE(q.d);
  CAPTURE(q.temperature);
  CAPTURE(static_cast<int>(q.candidates));
  CAPTURE(q.epsilon);
  CAPTURE(q.beta);
  CAPTURE(q.tau_plus);
  const std::vector<double> u = doubles(unit_rows(2 * q.n, q.d, 1, p.likeness));
  const double tolerance = (1e-6 + 5e-7 / q.temperature) * (1 + q.beta) / remaining;
  const Result actual = run(p);
  tests::expect_close({static_cast<float>(actual.loss)}, {q.loss(u)}, tolerance);
  CHECK(actual.metrics[kernels::kContrastLoss] == doctest::Approx(actual.loss));
  CHECK(actual.metrics[kernels::kContrastAlignment] + actual.metrics[kernels::kContrastDistribution] ==
        doctest::Approx(actual.loss).epsilon(1e-5));

  std::vector<double> du = SimilarityDefinition::gradient(u, [&](const std::vector<double>& x) { return q.loss(x); });
  if (q.candidates == Candidates::queue) du.resize(static_cast<std::size_t>(q.n * q.d));
  double largest = 0;
  for (const double x : du) largest = std::max(largest, std::abs(x));
  std::vector<float> scaled;  // so that the tolerance is one of the largest gradient
  const double unit = std::max(largest, 1e-7);
  for (const float x : actual.du) scaled.push_back(static_cast<float>(static_cast<double>(x) / unit));
  for (double& x : du) x /= unit;
  tests::expect_close(scaled, du, 4 * tolerance + 1e-8 / unit);
}

std::vector<double> queue_rows(std::int64_t count, std::int64_t d) { return doubles(unit_rows(count, d, 5)); }

/// The three sets of candidates.
std::vector<SimilarityDefinition> problems(std::int64_t n, std::int64_t d, double temperature) {
  return {{.n = n, .d = d, .temperature = temperature, .candidates = Candidates::others},
          {.n = n, .d = d, .temperature = temperature, .candidates = Candidates::other_view},
          {.n = n, .d = d, .temperature = temperature, .candidates = Candidates::queue, .queue = queue_rows(13, d)}};
}

}  // namespace

TEST_CASE("similarity losses: plain, for odd sizes") {
  for (const std::int64_t n : {1, 2, 5, 11}) {
    for (const std::int64_t d : {1, 3, 8}) {
      for (const SimilarityDefinition& q : problems(n, d, 0.3)) check({q});
    }
  }
}

TEST_CASE("similarity losses: a queue of any length, shorter and longer than a block") {
  for (const std::int64_t rows : {1, 2, 95, 97, 300}) {
    check({{.n = 3, .d = 6, .temperature = 0.2, .candidates = Candidates::queue, .queue = queue_rows(rows, 6)}});
  }
  check({{.n = 101, .d = 4, .temperature = 0.2, .candidates = Candidates::queue, .queue = queue_rows(203, 4)}});
}

TEST_CASE("similarity losses: implicit features modified") {
  for (const double epsilon : {0.05, 0.1, 0.5}) {
    for (const double temperature : {0.1, 0.5}) {
      for (SimilarityDefinition q : problems(7, 5, temperature)) {
        q.epsilon = epsilon;
        check({q});
      }
    }
  }
  for (SimilarityDefinition q : problems(1, 3, 0.2)) {
    q.epsilon = 0.1;
    check({q});
  }
}

TEST_CASE("similarity losses: hard negatives") {
  for (const double beta : {0.5, 1.0, 2.0}) {
    for (const double temperature : {0.1, 0.5}) {
      for (SimilarityDefinition q : problems(7, 5, temperature)) {
        q.beta = beta;
        check({q});
      }
    }
  }
  for (SimilarityDefinition q : problems(1, 3, 0.2)) {
    q.beta = 1;
    check({q});
  }
}

TEST_CASE("similarity losses: debiased, with and without hard negatives, above and at the lowest sum of negatives") {
  for (const double beta : {0.0, 1.0}) {
    for (SimilarityDefinition q : problems(9, 4, 1.0)) {
      q.beta = beta;
      q.tau_plus = 0.1;
      check({q, 0.0f}, 0.2);
      CHECK(q.loss(doubles(unit_rows(2 * q.n, q.d, 1, 0.0f))) > 0);
      CHECK(q.at_lowest == 0);
    }
    for (SimilarityDefinition q : problems(9, 4, 0.2)) {
      q.beta = beta;
      q.tau_plus = 0.6;
      check({q, 3.0f}, 0.05);
      q.loss(doubles(unit_rows(2 * q.n, q.d, 1, 3.0f)));
      CHECK(q.at_lowest > q.n / 2);
    }
  }
}

TEST_CASE("similarity losses: every remedy down to temperature 0.01, where similarities have no safe bound") {
  for (const double temperature : {0.01, 0.02, 0.05, 10.0}) {
    for (SimilarityDefinition q : problems(7, 5, temperature)) {
      check({q});
      q.epsilon = 0.1;
      check({q});
      q.epsilon = 0;
      q.beta = 1;
      check({q});
      q.tau_plus = 0.1;
      check({q}, 0.05);
    }
  }
}

TEST_CASE("similarity losses: of equal rows") {
  const Context context = kernels::make_context();
  const Tensor u = Tensor::from<float>(context, {12, 4}, std::vector<float>(48, 0.5f));
  const Tensor view = u.narrow(0, 6), queue = u.narrow(0, 11);
  for (const float temperature : {0.01f, 0.5f}) {
    losses::SimilarityOptions options{.temperature = {.value = temperature}};
    const losses::ContrastiveLoss y = losses::queue(view, view, queue, options);
    CHECK(y.loss.item() == doctest::Approx(std::log(12.0)));
    CHECK(tests::terms_of(y)[kernels::kContrastAccuracy] == 0);  // the key is no more similar than the queue
    options.hard_negative_beta = 2;                              // all weights are equal
    CHECK(losses::queue(view, view, queue, options).loss.item() == doctest::Approx(std::log(12.0)));
    options.debias_tau_plus = 0.1f;  // (11 - 1.1) / 0.9 = 11
    CHECK(losses::queue(view, view, queue, options).loss.item() == doctest::Approx(std::log(12.0)).epsilon(1e-4));
    CHECK(losses::nt_xent(u, options).loss.item() == doctest::Approx(2 * std::log(11.0)).epsilon(1e-4));
  }
}

TEST_CASE(
    "similarity losses: the same bits when repeated, for any number of threads, and of a temperature on the device") {
  for (const double temperature : {0.2, 0.01}) {
    for (SimilarityDefinition q : problems(120, 9, temperature)) {
      if (q.candidates == Candidates::queue) q.queue = queue_rows(400, 9);
      for (const int remedy : {0, 1, 2}) {
        q.epsilon = remedy == 1 ? 0.1 : 0;
        q.beta = remedy == 2 ? 1 : 0;
        const Result once = run({q});
        CHECK(once == run({q}));
        for (const int threads : {1, 3}) CHECK(once == run({.definition = q, .threads = threads}));
        CHECK(once == run({.definition = q, .temperature_on_device = true}));
      }
    }
  }
}

TEST_CASE("similarity losses: a queue's products in bf16 are those of rounded rows") {
  SimilarityDefinition q = problems(8, 6, 0.3).back();
  const Result rounded = run({.definition = q, .products = losses::Products::bf16});
  CHECK(rounded.loss != run({q}).loss);
  for (double& x : q.queue) x = static_cast<float>(engine::bf16(static_cast<float>(x)));
  std::vector<double> u = doubles(unit_rows(2 * q.n, q.d, 1, 0.5f));
  for (double& x : u) x = static_cast<float>(engine::bf16(static_cast<float>(x)));
  CHECK(rounded.loss == doctest::Approx(q.loss(u)).epsilon(1e-5));
  std::vector<double> du = SimilarityDefinition::gradient(u, [&](const std::vector<double>& x) { return q.loss(x); });
  du.resize(static_cast<std::size_t>(q.n * q.d));
  tests::expect_close(rounded.du, du, 1e-5);
}

TEST_CASE("similarity losses: gradients of two losses add up") {
  const Context context = kernels::make_context();
  const Tensor rows = Tensor::from<float>(context, {10, 4}, unit_rows(10, 4, 1));
  const Tensor once = rows.requires_gradient(), twice = rows.requires_gradient();
  const losses::SimilarityOptions hard{.hard_negative_beta = 1};
  engine::backward(losses::nt_xent(once, hard).loss);
  for (int i = 0; i < 2; ++i) engine::backward(losses::nt_xent(twice, hard).loss);
  std::vector<double> doubled = doubles(once.gradient().to_host<float>());
  for (double& x : doubled) x *= 2;
  tests::expect_close(twice.gradient().to_host<float>(), doubled, 1e-6);
}

TEST_CASE("log_sum_exp_distribution: with and without the row itself, at any temperature, for odd sizes") {
  const Context context = kernels::make_context();
  for (const std::int64_t n : {1, 2, 7}) {
    for (const std::int64_t d : {1, 5}) {
      for (const double temperature : {0.01, 0.1, 1.0, 10.0}) {
        for (const bool with_self : {true, false}) {
          CAPTURE(n);
          CAPTURE(d);
          CAPTURE(temperature);
          CAPTURE(with_self);
          const std::vector<float> rows = unit_rows(2 * n, d, 1);
          const Tensor u = Tensor::from<float>(context, {2 * n, d}, rows).requires_gradient();
          const bool scaled = d == 5;
          const losses::Distribution y =
              losses::log_sum_exp_distribution(u, {.temperature = {.value = static_cast<float>(temperature)},
                                                   .with_self = with_self,
                                                   .times_temperature = scaled,
                                                   .minus_log_width = !scaled});
          const SimilarityDefinition q{.n = n,
                                       .d = d,
                                       .temperature = static_cast<double>(static_cast<float>(temperature)),
                                       .candidates = with_self ? Candidates::all : Candidates::others};
          const auto value = [&](const std::vector<double>& x) {
            return q.log_sum_exp(x) * (scaled ? temperature : 1) - (scaled ? 0 : std::log(static_cast<double>(d)));
          };
          const double tolerance = 1e-6 + 5e-7 / temperature;
          tests::expect_close({y.loss.item()}, {value(doubles(rows))}, tolerance);
          engine::backward(y.loss);
          std::vector<double> du = SimilarityDefinition::gradient(doubles(rows), value);
          tests::expect_close(u.gradient().to_host<float>(), du, 8 * tolerance / std::min(1.0, temperature));
        }
      }
    }
  }
}

TEST_CASE("log_sum_exp_distribution: of equal rows it is 1 / temperature + log N - log d") {
  const Context context = kernels::make_context();
  const Tensor u = Tensor::from<float>(context, {6, 4}, std::vector<float>(24, 0.5f));
  for (const float temperature : {0.05f, 1.0f}) {
    const losses::Distribution y = losses::log_sum_exp_distribution(u, {.temperature = {.value = temperature}});
    CHECK(y.loss.item() == doctest::Approx(1 / temperature + std::log(6.0) - std::log(4.0)));
    CHECK(y.accuracy.item() == doctest::Approx(1.0 / 3));
  }
}

TEST_CASE(
    "log_sum_exp_distribution: NT-Xent is the alignment plus this, times the temperature (Chen et al. 2021, Eq. 3)") {
  const Context context = kernels::make_context();
  const Tensor u = Tensor::from<float>(context, {60, 16}, unit_rows(60, 16, 1, 0.5f));
  for (const float temperature : {0.05f, 0.1f, 0.5f, 1.0f}) {
    const Tensor a = u.requires_gradient(), b = u.requires_gradient();
    const losses::ContrastiveLoss whole = losses::nt_xent(a, {.temperature = {.value = temperature}});
    const losses::Distribution part = losses::log_sum_exp_distribution(b, {.temperature = {.value = temperature},
                                                                           .with_self = false,
                                                                           .times_temperature = true,
                                                                           .minus_log_width = false});
    const double alignment = temperature * tests::terms_of(whole)[kernels::kContrastAlignment];
    // The sum over anchors is divided by n there and by 2n here.
    CHECK(temperature * whole.loss.item() == doctest::Approx(alignment + 2 * part.loss.item()).epsilon(2e-6));
    CHECK(part.accuracy.item() == tests::terms_of(whole)[kernels::kContrastAccuracy]);
    engine::backward(whole.loss);
    engine::backward(part.loss);
    std::vector<double> du;  // alignment's is -2 u_pos / n
    const std::vector<float> rows = u.to_host<float>(), dpart = b.gradient().to_host<float>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double pull = -2 * rows[(i + rows.size() / 2) % rows.size()] / 30.0;
      du.push_back((2 * dpart[i] + pull) / static_cast<double>(temperature));
    }
    tests::expect_close(a.gradient().to_host<float>(), du, 2e-6 / temperature);
  }
}

TEST_CASE("similarity losses: refuse what makes no sense, in one sentence") {
  const Context context = kernels::make_context();
  const Tensor u = Tensor::zeros(context, {4, 6}), bf16 = Tensor::zeros(context, {4, 6}, engine::Dtype::bf16);
  const auto refuses = [&](const losses::SimilarityOptions& options, const char* message) {
    CHECK_THROWS_WITH_AS(losses::nt_xent(u, options), message, engine::Error);
  };
  refuses({.ifm_epsilon = -0.1f}, "nt_xent: ifm_epsilon must be a number from 0 on, got -0.1");
  refuses({.hard_negative_beta = INFINITY}, "nt_xent: hard_negative_beta must be a number from 0 on, got inf");
  refuses({.debias_tau_plus = 1}, "nt_xent: debias_tau_plus must be a share from 0 to below 1, got 1");
  refuses({.debias_tau_plus = NAN}, "nt_xent: debias_tau_plus must be a share from 0 to below 1, got nan");
  const char* together =
      "nt_xent: ifm_epsilon cannot be combined with hard_negative_beta or debias_tau_plus; set one of them to 0";
  refuses({.ifm_epsilon = 0.1f, .hard_negative_beta = 1}, together);
  refuses({.ifm_epsilon = 0.1f, .debias_tau_plus = 0.1f}, together);
  const Tensor two = Tensor::zeros(context, {2});
  refuses({.temperature = {.now = two}}, "nt_xent: a temperature on the device must be one f32 number, got f32 [2]");
  CHECK_THROWS_WITH_AS(losses::queue(u, u, Tensor::zeros(context, {3, 5}), {}),
                       "queue: q and keys must be [n,d] and the queue [k,d], all f32 or all bf16, got f32 [4,6], f32 "
                       "[4,6] and f32 [3,5]",
                       engine::Error);
  CHECK_THROWS_AS(losses::queue(u, u, bf16, {}), engine::Error);
  CHECK_THROWS_AS(losses::queue(u, u.narrow(0, 2), u, {}), engine::Error);
  CHECK_THROWS_AS(losses::queue(u, u, Tensor::zeros(context, {0, 6}), {}), engine::Error);
  CHECK_THROWS_AS(losses::cross_view(u, {.hard_negative_beta = -1}), engine::Error);
  CHECK_THROWS_WITH_AS(losses::log_sum_exp_distribution(u, {.temperature = {.value = 0}}),
                       "log_sum_exp_distribution: temperature must be a number above 0, got 0", engine::Error);
  CHECK_THROWS_AS(losses::log_sum_exp_distribution(u.narrow(0, 3)), engine::Error);
}
