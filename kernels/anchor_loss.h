#pragma once
#include <cmath>
#include <limits>
#include <numbers>

#include "kernels/runtime/host_device.h"

namespace kernels {

// An anchor compares itself with one positive, at similarity p, and with N negatives, at similarities s_k. Its loss is
// a function of p and of S = log sum_k exp(s_k) alone:
//   cross-entropy               log(1 + exp(S - p))
//   implicit features           the mean of log(1 + exp(S - p)) and log(1 + exp(S - p + 2 epsilon / temperature))
//                               (Robinson et al. 2021: the positive is moved away by epsilon, negatives are moved in)
//   hard negatives, debiased    log(1 + exp(G - p)), where G = log max(N (exp(S' - W) - tau_plus exp(p)) / (1 -
//                               tau_plus), N exp(-1 / temperature)); S' and W are S of similarities times 1 + beta and
//                               times beta, so that exp(S' - W) is the mean of exp(s_k) with weights exp(beta s_k)
//                               (Robinson et al. 2021; beta = 0: Chuang et al. 2020)
//   log-sum-exp                 log(exp(S) + exp(p))
// Everything is computed in units of log2 and from ratios: nothing overflows, and the loss of an anchor that is nearly
// sure of its positive keeps its digits.

/// Which function.
struct AnchorRule {
  enum class Kind {
    cross_entropy,
    implicit_features,
    hard_negatives,
    log_sum_exp,
    negatives,  ///< S itself, for the weights W
  };
  Kind kind = Kind::cross_entropy;
  float epsilon = 0;             ///< of implicit features
  float beta = 0, tau_plus = 0;  ///< of hard negatives
};

/// What an anchor's loss is computed from. Similarities include the sharpness of their pass (kernels/similarity.h).
struct AnchorSums {
  double log2_negatives;  ///< S
  double log2_positive;   ///< p
  double log2_weights;    ///< W, for hard negatives
  double negatives;       ///< N
  double scale;           ///< log2(e) / temperature
};

/// An anchor's loss and its derivatives by its similarities.
struct AnchorTerms {
  double loss;
  double lse;              ///< exp(s_k - lse) is the derivative by a negative's s_k; infinite where it is 0 for all
  double attraction;       ///< minus the derivative by p
  double weights_lse = 0;  ///< the same for minus the derivative by W's similarities, beta s_k, of hard negatives
};

/// log(1 + odds) and odds / (1 + odds): an anchor's loss -log p and its missing probability 1 - p.
struct AnchorLoss {
  double loss, missing;

  /// From log2 of the odds against the positive, sum_k exp(s_k) / exp(p): accurate to the last digits for any odds.
  HOST_DEVICE static AnchorLoss of_odds(double log2_odds) {
    const double ratio = exp2(-fabs(log2_odds));  // of the smaller to the larger
    const bool likely = log2_odds < 0;
    return {(likely ? 0 : std::numbers::ln2 * log2_odds) + log1p(ratio), (likely ? ratio : 1) / (1 + ratio)};
  }
};

/// log2(2^a + 2^b)
HOST_DEVICE inline double log2_of_sum(double a, double b) {
  const double high = a > b ? a : b, low = a > b ? b : a;
  return high + std::numbers::log2e * log1p(exp2(low - high));
}

struct CrossEntropy {
  HOST_DEVICE AnchorTerms operator()(const AnchorSums& a) const {
    const AnchorLoss one = AnchorLoss::of_odds(a.log2_negatives - a.log2_positive);
    return {one.loss, std::numbers::ln2 * a.log2_positive + one.loss, one.missing};
  }
};

struct ImplicitFeatures {
  double epsilon;

  HOST_DEVICE AnchorTerms operator()(const AnchorSums& a) const {
    const double odds = a.log2_negatives - a.log2_positive, shift = 2 * epsilon * a.scale;
    const AnchorLoss plain = AnchorLoss::of_odds(odds), moved = AnchorLoss::of_odds(odds + shift);
    // The derivative by S is odds (1 / (1 + odds) + 2^shift / (1 + 2^shift odds)) / 2.
    const double log2_factor =
        log2_of_sum(-std::numbers::log2e * plain.loss, shift - std::numbers::log2e * moved.loss) - 1;
    return {
        (plain.loss + moved.loss) / 2,
        a.negatives > 0 ? std::numbers::ln2 * (a.log2_positive - log2_factor) : std::numeric_limits<double>::infinity(),
        (plain.missing + moved.missing) / 2};
  }
};

struct HardNegatives {
  double beta, tau_plus;

  HOST_DEVICE AnchorTerms operator()(const AnchorSums& a) const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (a.negatives == 0) return {0, kInfinity, 0, kInfinity};
    const double positive = a.log2_positive / (1 + beta), log2_count = log2(a.negatives);
    const double mean = a.log2_negatives - (beta == 0 ? log2_count : a.log2_weights);
    const double false_share = tau_plus * exp2(positive - mean);  // of the mean: positives among the negatives
    const double debiased = mean + std::numbers::log2e * (log1p(-false_share) - log1p(-tau_plus)), lowest = -a.scale;
    const bool at_lowest = false_share >= 1 || debiased < lowest;  // false for NaN, which then reaches the loss
    const AnchorLoss one = AnchorLoss::of_odds(log2_count + (at_lowest ? lowest : debiased) - positive);
    const double kept = at_lowest ? 1 : 1 - false_share;
    const double log2_share = at_lowest ? -kInfinity : log2(one.missing / kept);
    return {one.loss, std::numbers::ln2 * (a.log2_negatives - log2_share), one.missing / kept / (1 + beta),
            std::numbers::ln2 * (a.log2_weights - log2_share)};
  }
};

struct LogSumExp {
  HOST_DEVICE AnchorTerms operator()(const AnchorSums& a) const {
    const double log2_all = log2_of_sum(a.log2_negatives, a.log2_positive);
    return {std::numbers::ln2 * log2_all, std::numbers::ln2 * log2_all, -exp2(a.log2_positive - log2_all)};
  }
};

struct Negatives {
  HOST_DEVICE AnchorTerms operator()(const AnchorSums& a) const { return {0, std::numbers::ln2 * a.log2_negatives, 0}; }
};

/// Calls body with the rule's function.
template <class Body>
void with_rule(const AnchorRule& rule, const Body& body) {
  switch (rule.kind) {
    case AnchorRule::Kind::cross_entropy: return body(CrossEntropy{});
    case AnchorRule::Kind::implicit_features: return body(ImplicitFeatures{rule.epsilon});
    case AnchorRule::Kind::hard_negatives: return body(HardNegatives{rule.beta, rule.tau_plus});
    case AnchorRule::Kind::log_sum_exp: return body(LogSumExp{});
    case AnchorRule::Kind::negatives: return body(Negatives{});
  }
}

}  // namespace kernels
