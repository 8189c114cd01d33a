#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/similarity.h"

namespace tests {

/// The formulas of kernels/similarity.h for the cross-entropy, term by term, in double: u has the rows of view 1 above
/// those of view 2.
struct ContrastReference {
  std::vector<double> lse, positive, attraction, correct, sums, dview1, dview2;

  ContrastReference(const std::vector<float>& u, std::int64_t n, std::int64_t d, double temperature,
                    bool within_views) {
    const std::int64_t rows = 2 * n;
    const auto candidate = [&](std::int64_t i, std::int64_t k) { return within_views ? i != k : (i < n) != (k < n); };
    const auto dot = [&](std::int64_t i, std::int64_t k) {
      double sum = 0;
      for (std::int64_t c = 0; c < d; ++c) sum += static_cast<double>(u[at(i * d + c)]) * u[at(k * d + c)];
      return sum / temperature;
    };
    std::vector<double> s(at(rows * rows));
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t k = 0; k < rows; ++k) s[at(i * rows + k)] = dot(i, k);
    }
    sums.assign(4, 0);
    std::vector<double> missing;  // 1 - p_i,pos(i)
    for (std::int64_t i = 0; i < rows; ++i) {
      double highest = -std::numeric_limits<double>::infinity(), total = 0, others = 0;
      for (std::int64_t k = 0; k < rows; ++k) {
        if (candidate(i, k)) highest = std::max(highest, s[at(i * rows + k)]);
      }
      for (std::int64_t k = 0; k < rows; ++k) {
        const double exponential = candidate(i, k) ? std::exp(s[at(i * rows + k)] - highest) : 0;
        total += exponential;
        others += k == (i + n) % rows ? 0 : exponential;
      }
      lse.push_back(highest + std::log(total));
      missing.push_back(others / total);
      const double same = s[at(i * rows + (i + n) % rows)];
      sums[kernels::kContrastLoss] += std::log1p(others / std::exp(same - highest)) / static_cast<double>(n);
      sums[kernels::kContrastAlignment] -= same / static_cast<double>(n);
      sums[kernels::kContrastDistribution] += lse.back() / static_cast<double>(n);
      if (i >= n) continue;
      positive.push_back(same);
      const double* first = &s[at(i * rows + n)];
      correct.push_back(std::max_element(first, first + n) - first == i ? 1 : 0);
      sums[kernels::kContrastAccuracy] += correct.back() / static_cast<double>(n);
    }
    for (std::int64_t i = 0; i < n; ++i) attraction.push_back(missing[at(i)] + missing[at(i + n)]);

    std::vector<double> du(at(rows * d));
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t k = 0; k < rows; ++k) {
        if (!candidate(i, k)) continue;
        const double logit = s[at(i * rows + k)];
        double weight = std::exp(logit - lse[at(i)]) + std::exp(logit - lse[at(k)]);
        if (k == (i + n) % rows) weight = -attraction[at(i % n)];
        for (std::int64_t c = 0; c < d; ++c) {
          du[at(i * d + c)] += weight * u[at(k * d + c)] / (static_cast<double>(n) * temperature);
        }
      }
    }
    dview1.assign(du.begin(), du.begin() + n * d);
    dview2.assign(du.begin() + n * d, du.end());
  }

  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
};

/// The norm of the difference divided by the norm of the expected values.
inline double relative_error(const std::vector<float>& actual, const std::vector<double>& expected) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    norm += std::pow(expected[i], 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace tests
