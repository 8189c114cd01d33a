// Losses of the rows of all ranks: the same values everywhere, and each rank's part of one rank's gradient.
#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <string>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/ranks.h"
#include "kernels/context.h"
#include "losses/contrastive.h"
#include "tests/engine/io/message_of.h"
#include "tests/numeric.h"
#include "tests/ranks/ranks.h"

using engine::Context;
using engine::Tensor;

namespace {

constexpr std::int64_t kExamples = 300, kWidth = 32;  // of all ranks; more than a block of the kernels has rows
static_assert(kExamples % 12 == 0);

struct Computed {
  std::vector<float> terms;     // loss, alignment, distribution, accuracy
  std::vector<float> gradient;  // [2m,d]
};

/// z: the rows of view 1 above those of view 2.
Computed compute(const Context& context, const std::vector<float>& z, const losses::Options& options) {
  const auto rows = static_cast<std::int64_t>(z.size()) / kWidth;
  const Tensor leaf = Tensor::from(context, {rows, kWidth}, z).requires_gradient();
  const Tensor step = Tensor::from(context, {1}, std::vector<std::int32_t>{3});
  const losses::ContrastiveLoss result = losses::contrastive(leaf, options, {.seed = 1, .step = step});
  engine::backward(engine::scale(result.loss, 3));
  Computed computed{.terms = {result.loss.item(), result.alignment.item(), result.distribution.item()},
                    .gradient = leaf.gradient().to_host<float>()};
  if (result.accuracy) computed.terms.push_back(result.accuracy.item());
  return computed;
}

std::vector<float> rows_of(const std::vector<float>& all, std::int64_t first, std::int64_t count) {
  return {all.begin() + first * kWidth, all.begin() + (first + count) * kWidth};
}

/// Of the rows of both views of all examples, those of a rank's examples.
std::vector<float> part_of(const std::vector<float>& all, int rank, std::int64_t m) {
  std::vector<float> part = rows_of(all, rank * m, m);
  const std::vector<float> second = rows_of(all, kExamples + rank * m, m);
  part.insert(part.end(), second.begin(), second.end());
  return part;
}

/// |a - b| / |b|
double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0, length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    length += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / length);
}

losses::Options loss(losses::LossName name) { return {.name = name}; }

}  // namespace

TEST_CASE("losses of several ranks: values and gradients are those of one rank") {
  engine::Communicator& ranks = tests::ranks();
  const Context one = kernels::make_context({.device = {}, .threads = 1}),
                several = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  losses::Options hard = loss(losses::LossName::nt_xent), ifm = hard, paper = loss(losses::LossName::decoupled),
                  low = hard;
  hard.hard_negative_beta = 0.7f;
  hard.debias_tau_plus = 0.05f;
  ifm.ifm_epsilon = 0.1f;
  paper.scaling = losses::Scaling::paper;
  paper.temperature_factor = true;
  low.temperature = 0.005f;  // similarities without a safe bound
  const std::vector<float> z = tests::random_values(2 * kExamples * kWidth, 5);
  const std::int64_t m = kExamples / ranks.ranks();
  for (const losses::Options& options : {loss(losses::LossName::nt_xent), loss(losses::LossName::cross_view),
                                         loss(losses::LossName::decoupled), hard, ifm, paper, low}) {
    CAPTURE(engine::name(options.name));
    const Computed whole = compute(one, z, options), part = compute(several, part_of(z, ranks.rank(), m), options);
    CHECK(relative_distance(part.terms, whole.terms) < 1e-6);
    CHECK(relative_distance(part.gradient, part_of(whole.gradient, ranks.rank(), m)) < 2e-6);
  }
}

TEST_CASE("losses of several ranks: those that only one computes are refused") {
  engine::Communicator& ranks = tests::ranks();
  if (ranks.ranks() == 1) return;
  const Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  const std::vector<float> z = tests::random_values(4 * kWidth, 1);
  const std::string count = std::to_string(ranks.ranks());
  for (const auto name : {losses::LossName::swd, losses::LossName::sigreg, losses::LossName::visreg}) {
    CHECK(message_of<engine::Error>([&] { compute(context, z, loss(name)); }) ==
          "contrastive: " + std::string(engine::name(name)) + " is computed by one rank, got " + count);
  }
  const Tensor q = Tensor::from(context, {2, kWidth}, rows_of(z, 0, 2));
  CHECK(message_of<engine::Error>([&] { losses::queue(q, q, q, {}); }) ==
        "queue: this loss is computed by one rank, got " + count);
}

TEST_CASE("mean_over_ranks: the mean everywhere, and each rank's share of its gradient") {
  engine::Communicator& ranks = tests::ranks();
  const Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  const Tensor x = Tensor::from(context, {}, std::vector<float>{static_cast<float>(ranks.rank())}).requires_gradient();
  const Tensor y = engine::mean_over_ranks(x);
  CHECK(y.item() == doctest::Approx(0.5 * (ranks.ranks() - 1)));
  engine::backward(engine::scale(y, 2));
  CHECK(x.gradient().item() == doctest::Approx(2.0 / ranks.ranks()));
}
