// Losses of the rows of all ranks: the same values everywhere, and each rank's part of one rank's gradient.
#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <utility>

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
    CHECK(tests::relative_distance(part.terms, whole.terms) < 1e-6);
    CHECK(tests::relative_distance(part.gradient, part_of(whole.gradient, ranks.rank(), m)) < 2e-6);
  }
}

TEST_CASE("losses of several ranks: each takes some of the slices of all rows") {
  engine::Communicator& ranks = tests::ranks();
  const Context one = kernels::make_context({.device = {}, .threads = 1}),
                several = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  losses::Options sphere = loss(losses::LossName::swd), cube = sphere, quantiles = sphere,
                  sigreg = loss(losses::LossName::sigreg), visreg = loss(losses::LossName::visreg);
  cube.prior = kernels::Prior::cube;
  cube.scaling = losses::Scaling::paper;
  cube.slices = 13;  // not equally many for 2 to 4 ranks
  quantiles.prior = kernels::Prior::normal;
  quantiles.prior_sample = losses::PriorSample::quantiles;
  sigreg.slices = 37;
  visreg.slices = 41;
  const std::vector<float> z = tests::random_values(2 * kExamples * kWidth, 6);
  const std::int64_t m = kExamples / ranks.ranks();
  for (const losses::Options& options : {sphere, cube, quantiles, sigreg, visreg}) {
    CAPTURE(engine::name(options.name));
    const Computed whole = compute(one, z, options), part = compute(several, part_of(z, ranks.rank(), m), options);
    CHECK(tests::relative_distance(part.terms, whole.terms) < 1e-6);
    // Rounding decides which of two projections is the larger one if they are nearly equal: their gradients change
    // places.
    const double tolerance = options.name == losses::LossName::sigreg ? 2e-6 : 5e-3;
    CHECK(tests::relative_distance(part.gradient, part_of(whole.gradient, ranks.rank(), m)) < tolerance);
  }
  if (ranks.ranks() == 1) return;
  sigreg.slices = visreg.slices = sphere.slices = ranks.ranks() - 1;
  for (const auto& [options, name] :
       {std::pair(sphere, "sliced_wasserstein"), std::pair(sigreg, "sigreg"), std::pair(visreg, "visreg")}) {
    CHECK(message_of<engine::Error>([&] { compute(several, part_of(z, ranks.rank(), m), options); }) ==
          engine::concat(name, ": the number of slices must be at least that of the ranks, ", ranks.ranks(), ", got ",
                         ranks.ranks() - 1));
  }
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

TEST_CASE("rows_of_all_ranks: the ranks' rows of each view, and the sum of what all ranks found for the own ones") {
  engine::Communicator& ranks = tests::ranks();
  const Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  const std::int64_t count = ranks.ranks();
  const auto own = static_cast<float>(ranks.rank());
  const Tensor x = Tensor::from(context, {2, 1}, std::vector<float>{own, 100 + own}).requires_gradient();
  const Tensor all = engine::rows_of_all_ranks(x, 2);
  std::vector<float> expected, weights;
  for (int view = 0; view < 2; ++view) {
    for (std::int64_t rank = 0; rank < count; ++rank) {
      expected.push_back(static_cast<float>(100 * view + rank));
      weights.push_back(static_cast<float>(10 * view + rank) * (1 + own));
    }
  }
  CHECK(all.to_host<float>() == expected);
  engine::backward(engine::scale(all, 1), Tensor::from(context, all.shape(), weights));
  const auto factor = static_cast<float>(count * (count + 1) / 2);  // 1 + 2 + ...
  CHECK(x.gradient().to_host<float>() == std::vector<float>{own * factor, (10 + own) * factor});
}

TEST_CASE("share_of_rank: the shares are all items, in order, and differ by one at most") {
  engine::Communicator& ranks = tests::ranks();
  const Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  for (const std::int64_t count : {0, 1, 5, 12, 4096}) {
    const engine::Share own = engine::share_of_rank(context, count);
    CHECK(own.count >= count / ranks.ranks());
    CHECK(own.count <= count / ranks.ranks() + 1);
    std::int64_t end = 0;
    for (const std::string& text : ranks.exchange(engine::concat(own.first, ' ', own.count))) {
      std::int64_t first = 0, of_rank = 0;
      std::istringstream(text) >> first >> of_rank;
      CHECK(first == end);
      end = first + of_rank;
    }
    CHECK(end == count);
  }
}
