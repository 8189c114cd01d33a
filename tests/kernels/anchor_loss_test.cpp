#include "kernels/anchor_loss.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

using namespace kernels;

namespace {

constexpr double kLog2e = std::numbers::log2e;

/// An anchor's sums in natural logarithms.
struct Sums {
  long double negatives, positive, weights = 0;
  double count = 10, temperature = 0.5;

  AnchorSums log2() const {
    return {.log2_negatives = static_cast<double>(negatives) * kLog2e,
            .log2_positive = static_cast<double>(positive) * kLog2e,
            .log2_weights = static_cast<double>(weights) * kLog2e,
            .negatives = count,
            .scale = kLog2e / temperature};
  }
};

using Definition = std::function<long double(const Sums&)>;

long double derivative(const Definition& loss, const Sums& at, long double Sums::*of) {
  constexpr long double kStep = 1e-6L;
  Sums above = at, below = at;
  above.*of += kStep;
  below.*of -= kStep;
  return (loss(above) - loss(below)) / (2 * kStep);
}

/// A rule's terms against its definition in long double: lse holds the derivative by S as exp(S - lse).
template <class Rule>
void check(const Rule& rule, const Definition& loss, const Sums& at, bool weighted = false) {
  CAPTURE(static_cast<double>(at.negatives));
  CAPTURE(static_cast<double>(at.positive));
  CAPTURE(at.temperature);
  const AnchorTerms terms = rule(at.log2());
  const auto near = [](double actual, long double expected) {
    return std::abs(actual - static_cast<double>(expected)) <= 1e-7 * (1e-3 + std::abs(static_cast<double>(expected)));
  };
  CHECK(near(terms.loss, loss(at)));
  CHECK(near(terms.attraction, -derivative(loss, at, &Sums::positive)));
  CHECK(near(std::exp(static_cast<double>(at.negatives) - terms.lse), derivative(loss, at, &Sums::negatives)));
  if (weighted) {
    const auto by_weights = static_cast<double>(-derivative(loss, at, &Sums::weights));
    CHECK(near(std::exp(static_cast<double>(at.weights) - terms.weights_lse), by_weights));
  }
}

const Sums kMany[] = {{0, 0}, {3, -2}, {-4, 5}, {2.5L, 2.4L}, {20, 18}, {-15, -21}};

}  // namespace

TEST_CASE("anchor_loss: cross-entropy and its derivatives") {
  const Definition loss = [](const Sums& s) { return std::log1p(std::exp(s.negatives - s.positive)); };
  for (const Sums& s : kMany) check(CrossEntropy{}, loss, s);
}

TEST_CASE("anchor_loss: implicit features and their derivatives") {
  for (const double epsilon : {0.05, 0.3}) {
    const Definition loss = [=](const Sums& s) {
      const long double odds = std::exp(s.negatives - s.positive), shift = std::exp(2 * epsilon / s.temperature);
      return (std::log1p(odds) + std::log1p(odds * shift)) / 2;
    };
    for (Sums s : kMany) {
      check(ImplicitFeatures{epsilon}, loss, s);
      s.temperature = 0.05;
      check(ImplicitFeatures{epsilon}, loss, s);
    }
  }
}

TEST_CASE("anchor_loss: hard negatives and their derivatives, above and at the lowest sum of negatives") {
  int at_lowest = 0;
  for (const double beta : {0.0, 0.5, 2.0}) {
    for (const double tau_plus : {0.0, 0.1}) {
      const Definition loss = [&](const Sums& s) {  // similarities times 1 + beta, as a pass sees them
        const long double positive = std::exp(s.positive / (1 + beta));
        const long double weights = beta == 0 ? s.count : std::exp(s.weights);
        const long double hard = s.count * (std::exp(s.negatives) / weights - tau_plus * positive) / (1 - tau_plus);
        const long double lowest = s.count * std::exp(-1 / static_cast<long double>(s.temperature));
        at_lowest += hard < lowest ? 1 : 0;
        return std::log1p(std::max(hard, lowest) / positive);
      };
      for (Sums s : kMany) {
        s.weights = beta == 0 ? 0 : 1.5L;
        check(HardNegatives{beta, tau_plus}, loss, s, beta > 0);
      }
    }
  }
  CHECK(at_lowest > 0);
  const AnchorTerms alone = HardNegatives{
      1, 0.1}({.log2_negatives = -INFINITY, .log2_positive = 1, .log2_weights = -INFINITY, .negatives = 0, .scale = 2});
  CHECK(alone.loss == 0);
  CHECK(alone.attraction == 0);
  CHECK(alone.lse == INFINITY);
  CHECK(alone.weights_lse == INFINITY);
}

TEST_CASE("anchor_loss: log-sum-exp and its derivatives") {
  const Definition loss = [](const Sums& s) { return std::log(std::exp(s.negatives) + std::exp(s.positive)); };
  for (const Sums& s : kMany) check(LogSumExp{}, loss, s);
}

TEST_CASE("anchor_loss: an anchor that is sure of its positive keeps the digits of its loss and of all derivatives") {
  for (const double odds : {-1e-9, -50.0, -700.0}) {
    const Sums s{.negatives = odds, .positive = 0};
    const AnchorTerms plain = CrossEntropy{}(s.log2());
    CHECK(plain.loss == doctest::Approx(std::log1p(std::exp(odds))).epsilon(1e-12));
    CHECK(plain.attraction == doctest::Approx(1 / (1 + std::exp(-odds))).epsilon(1e-12));
    CHECK(plain.lse == doctest::Approx(std::log1p(std::exp(odds))).epsilon(1e-12));
    const AnchorTerms moved = ImplicitFeatures{0.1}(s.log2());
    if (odds < -1) {
      const double share = (1 + std::exp(0.4)) / 2;
      CHECK(moved.loss == doctest::Approx(std::exp(odds) * share).epsilon(1e-12));
      CHECK(moved.lse == doctest::Approx(-std::log(share)).epsilon(1e-12));
    }
  }
  const Sums none{.negatives = -INFINITY, .positive = 3, .count = 0};
  CHECK(CrossEntropy{}(none.log2()).loss == 0);
  CHECK(ImplicitFeatures{0.1}(none.log2()).loss == 0);
  CHECK(ImplicitFeatures{0.1}(none.log2()).lse == INFINITY);  // no weight, whatever the similarity
}

TEST_CASE("anchor_loss: a similarity that is not a number reaches the loss of every rule") {
  const Sums s{.negatives = NAN, .positive = 1, .weights = NAN};
  CHECK(std::isnan(CrossEntropy{}(s.log2()).loss));
  CHECK(std::isnan(ImplicitFeatures{0.1}(s.log2()).loss));
  CHECK(std::isnan(HardNegatives{1, 0.1}(s.log2()).loss));
  CHECK(std::isnan(LogSumExp{}(s.log2()).loss));
}
