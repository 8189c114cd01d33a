#include "kernels/cases/similarity_definition.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log(1 + exp(x))
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// log(exp(a) + exp(b))
double log_add(double a, double b) { return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); }

std::vector<double> as_multiplied(const SimilarityExample& e, std::vector<double> rows) {
  if (e.bf16_products || e.dtype == Dtype::bf16) {
    for (double& x : rows) x = static_cast<double>(static_cast<float>(bf16(static_cast<float>(x))));
  }
  return rows;
}

}  // namespace

SimilarityDefinition::SimilarityDefinition(const SimilarityExample& example, const std::vector<double>& u,
                                           const std::vector<double>& queue)
    : e_(example), u_(as_multiplied(example, u)), queue_(as_multiplied(example, queue)) {}

double SimilarityDefinition::similarity(const double* a, const double* b) const {
  double sum = 0;
  for (std::int64_t c = 0; c < e_.d; ++c) sum += a[c] * b[c];
  return sum / static_cast<double>(e_.temperature);
}

template <class Body>
void SimilarityDefinition::for_each_negative(std::int64_t i, const Body& body) const {
  if (e_.candidates == Candidates::queue) {
    for (std::int64_t k = 0; k < e_.queue_rows; ++k) body(queue_.data() + k * e_.d, std::int64_t{-1});
    return;
  }
  for (std::int64_t k = 0; k < 2 * e_.n; ++k) {
    const bool same_view = (k < e_.n) == (i < e_.n);
    if (k == (i + e_.n) % (2 * e_.n)) continue;
    if (k == i && e_.candidates != Candidates::all) continue;
    if (same_view && e_.candidates == Candidates::other_view) continue;
    body(row(k), k);
  }
}

double SimilarityDefinition::sum_over_negatives(std::int64_t i, double sharpness) const {
  std::vector<double> logits;
  for_each_negative(
      i, [&](const double* other, std::int64_t) { logits.push_back(sharpness * similarity(row(i), other)); });
  if (logits.empty()) return -kInfinity;
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double s : logits) sum += std::exp(s - highest);
  return highest + std::log(sum);
}

SimilarityDefinition::Anchor SimilarityDefinition::anchor(std::int64_t i) const {
  const double own = similarity(row(i), row((i + e_.n) % (2 * e_.n)));
  bool correct = i < e_.n;
  if (e_.candidates == Candidates::queue) {
    for_each_negative(i, [&](const double* other, std::int64_t) { correct &= similarity(row(i), other) < own; });
  } else {
    for (std::int64_t k = 0; k < e_.n && correct; ++k) {  // the lowest row wins a tie
      const double rival = similarity(row(i), row(e_.n + k));
      correct = k < i ? rival < own : rival <= own;
    }
  }
  const auto sharpness = static_cast<double>(e_.sharpness);
  return {sum_over_negatives(i, sharpness), sharpness * own, correct};
}

double SimilarityDefinition::weights(std::int64_t i) const {
  return e_.weighted() ? sum_over_negatives(i, static_cast<double>(e_.rule.beta)) : 0;
}

SimilarityDefinition::Terms SimilarityDefinition::terms(const Anchor& anchor, double weights) const {
  const double s = anchor.negatives, p = anchor.positive, unit = 1 / static_cast<double>(e_.temperature);
  const bool alone = s == -kInfinity;
  switch (e_.rule.kind) {
    case AnchorRule::Kind::cross_entropy: {
      const double loss = softplus(s - p);
      return {loss, p + loss, std::exp(-softplus(p - s))};
    }
    case AnchorRule::Kind::implicit_features: {
      const double shift = 2 * static_cast<double>(e_.rule.epsilon) * unit;
      const double plain = softplus(s - p), moved = softplus(s - p + shift);
      const double attraction = (std::exp(-softplus(p - s)) + std::exp(-softplus(p - s - shift))) / 2;
      return {(plain + moved) / 2, alone ? kInfinity : p - log_add(-plain, shift - moved) + std::log(2), attraction};
    }
    case AnchorRule::Kind::hard_negatives: {
      if (alone) return {0, kInfinity, 0, kInfinity};
      const auto beta = static_cast<double>(e_.rule.beta), tau_plus = static_cast<double>(e_.rule.tau_plus);
      std::int64_t negatives = 0;
      for_each_negative(0, [&](const double*, std::int64_t) { ++negatives; });
      const auto count = static_cast<double>(negatives);
      const double positive = p / (1 + beta), mean = s - (beta == 0 ? std::log(count) : weights);
      const double left = 1 - tau_plus * std::exp(positive - mean);  // of the mean, when positives are taken out
      const double debiased = left > 0 ? mean + std::log(left / (1 - tau_plus)) : -kInfinity;
      const bool at_lowest = debiased < -unit;
      const double odds = std::log(count) + std::max(debiased, -unit) - positive;
      const double by_mean = std::exp(-softplus(-odds)) / (at_lowest ? 1 : left);
      if (at_lowest) return {softplus(odds), kInfinity, by_mean / (1 + beta), kInfinity};
      return {softplus(odds), s - std::log(by_mean), by_mean / (1 + beta), weights - std::log(by_mean)};
    }
    case AnchorRule::Kind::log_sum_exp: {
      const double all = log_add(s, p);
      return {all, all, -std::exp(p - all)};
    }
    case AnchorRule::Kind::negatives: return {0, s, 0};
  }
  return {};
}

double SimilarityDefinition::loss() const {
  double sum = 0;
  for (std::int64_t i = 0; i < e_.views() * e_.n; ++i) sum += terms(anchor(i), weights(i)).loss;
  return sum * static_cast<double>(e_.scale.factor(e_.temperature)) / static_cast<double>(e_.n) -
         static_cast<double>(e_.scale.offset);
}

double SimilarityDefinition::factor() const {
  return static_cast<double>(e_.scale.factor(e_.temperature)) * static_cast<double>(e_.sharpness) /
         (static_cast<double>(e_.n) * static_cast<double>(e_.temperature));
}

std::vector<double> SimilarityDefinition::gradient(std::int64_t i, const std::vector<double>& lse,
                                                   double attraction) const {
  std::vector<double> sum(static_cast<std::size_t>(e_.d));
  const auto add = [&](double weight, const double* other) {
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += weight * other[c];
  };
  for_each_negative(i, [&](const double* other, std::int64_t k) {
    const double s = static_cast<double>(e_.sharpness) * similarity(row(i), other);
    const double back = k < 0 ? 0 : std::exp(s - lse[static_cast<std::size_t>(k)]);
    add(std::exp(s - lse[static_cast<std::size_t>(i)]) + back, other);
  });
  add(-attraction, row((i + e_.n) % (2 * e_.n)));
  return sum;
}

}  // namespace kernels
