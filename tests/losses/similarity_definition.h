#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/similarity.h"

namespace tests {

/// The losses of losses/similarity.h as their papers write them, in double, pair by pair: exp and log without any care,
/// which double allows for unit rows down to temperature 0.01.
struct SimilarityDefinition {
  std::int64_t n, d;
  double temperature;
  kernels::Candidates candidates = kernels::Candidates::others;
  double epsilon = 0, beta = 0, tau_plus = 0;
  std::vector<double> queue = {};  ///< [k,d]

  /// Anchors whose debiased sum of negatives is replaced by the lowest allowed.
  mutable int at_lowest = 0;

  /// The sum of both directions, or of one for a queue, each a mean over n. u: [2n,d], for a queue anchors above keys.
  double loss(const std::vector<double>& u) const {
    double sum = 0;
    at_lowest = 0;
    for_each_anchor(u, [&](double positive, const std::vector<double>& negatives) {
      if (beta > 0 || tau_plus > 0) {
        sum += hard(positive, negatives);
      } else {
        sum += (cross_entropy(positive, negatives, 0) + cross_entropy(positive, negatives, epsilon / temperature)) / 2;
      }
    });
    return sum / static_cast<double>(n);
  }
  /// The mean over all anchors of the log of the sum over candidates.
  double log_sum_exp(const std::vector<double>& u) const {
    double sum = 0;
    for_each_anchor(u, [&](double positive, const std::vector<double>& negatives) {
      double total = std::exp(positive);
      for (const double s : negatives) total += std::exp(s);
      sum += std::log(total);
    });
    return sum / static_cast<double>(2 * n);
  }

  /// Central differences of one of these functions.
  template <class Function>
  static std::vector<double> gradient(std::vector<double> u, const Function& function) {
    constexpr double kStep = 1e-5;
    std::vector<double> du;
    for (double& x : u) {
      const double at = x;
      x = at + kStep;
      const double above = function(u);
      x = at - kStep;
      const double below = function(u);
      x = at;
      du.push_back((above - below) / (2 * kStep));
    }
    return du;
  }

 private:
  template <class Body>
  void for_each_anchor(const std::vector<double>& u, const Body& body) const {
    using kernels::Candidates;
    const auto dot = [&](const double* a, const double* b) {
      double sum = 0;
      for (std::int64_t k = 0; k < d; ++k) sum += a[k] * b[k];
      return sum / temperature;
    };
    const std::int64_t rows = candidates == Candidates::queue ? n : 2 * n;
    for (std::int64_t i = 0; i < rows; ++i) {
      const double* anchor = u.data() + i * d;
      const std::int64_t positive = (i + n) % (2 * n);
      std::vector<double> negatives;
      for (std::int64_t k = 0; k < 2 * n && candidates != Candidates::queue; ++k) {
        const bool other_view = (i < n) != (k < n);
        if (k == positive || (k == i && candidates != Candidates::all)) continue;
        if (candidates == Candidates::other_view && !other_view) continue;
        negatives.push_back(dot(anchor, u.data() + k * d));
      }
      for (std::size_t k = 0; k < queue.size(); k += static_cast<std::size_t>(d)) {
        negatives.push_back(dot(anchor, queue.data() + k));
      }
      body(dot(anchor, u.data() + positive * d), negatives);
    }
  }

  static double cross_entropy(double positive, const std::vector<double>& negatives, double shift) {
    double odds = 0;
    for (const double s : negatives) odds += std::exp(s + shift - (positive - shift));
    return std::log1p(odds);
  }

  double hard(double positive, const std::vector<double>& negatives) const {
    if (negatives.empty()) return 0;
    const auto count = static_cast<double>(negatives.size());
    double weighted = 0, mean_weight = 0;
    for (const double s : negatives) {
      const double negative = std::exp(s), weight = std::pow(negative, beta);
      weighted += weight * negative;
      mean_weight += weight / count;
    }
    const double debiased = (weighted / mean_weight - tau_plus * count * std::exp(positive)) / (1 - tau_plus);
    const double lowest = count * std::exp(-1 / temperature);
    if (debiased < lowest) ++at_lowest;
    return std::log1p(std::max(debiased, lowest) / std::exp(positive));
  }
};

}  // namespace tests
