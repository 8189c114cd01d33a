#include "tests/cases/visreg.h"

#include <cmath>

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::View;
using kernels::VisregGradient;
using kernels::VisregStandardize;

constexpr float kEpsilon = 1e-3f;

struct Problem {
  std::int64_t groups, n, d;
  bool constant = false;  ///< a feature that is the same in all rows
  std::int64_t rows() const { return groups * n; }
};
constexpr Problem kProblems[] = {{1, 1, 1}, {2, 2, 3}, {3, 7, 33}, {1, 40, 17}, {2, 31, 300}, {2, 5, 4, true}};

std::vector<double> random(std::int64_t count, std::uint64_t seed) {
  const std::vector<float> values = random_values(count, seed);
  return {values.begin(), values.end()};
}

std::vector<double> rows_of(const Problem& p) {
  std::vector<double> x = random(p.rows() * p.d, 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto feature = static_cast<std::int64_t>(i) % p.d;
    x[i] = p.constant && feature == 1 ? 0.25 : 0.3 * static_cast<double>(feature % 7) + 2 * x[i];
  }
  return x;
}

struct Statistics {
  std::vector<double> mean, std;  // [groups,d]
};

Statistics statistics_of(const Problem& p, const std::vector<double>& x) {
  Statistics s;
  const auto n = static_cast<double>(p.n);
  for (std::int64_t i = 0; i < p.groups * p.d; ++i) {
    const double* first = x.data() + i / p.d * p.n * p.d + i % p.d;
    double mean = 0, squares = 0;
    for (std::int64_t row = 0; row < p.n; ++row) mean += first[row * p.d] / n;
    for (std::int64_t row = 0; row < p.n; ++row) squares += std::pow(first[row * p.d] - mean, 2);
    s.mean.push_back(mean);
    s.std.push_back(std::sqrt(squares / n));
  }
  return s;
}

/// The statistic of element i.
std::size_t at(const Problem& p, std::size_t i) {
  const auto element = static_cast<std::int64_t>(i);
  return static_cast<std::size_t>(element / (p.n * p.d) * p.d + element % p.d);
}

double scale_of(const Statistics& s) {
  double sum = 0;
  for (const double std : s.std) sum += std::pow(1 - std, 2);
  return sum / static_cast<double>(s.std.size());
}
double centre_of(const Statistics& s) {
  double sum = 0;
  for (const double mean : s.mean) sum += mean * mean;
  return sum / static_cast<double>(s.mean.size());
}

std::string name_of(const Problem& p) {
  return engine::concat(p.groups, " groups of ", p.n, " rows, ", p.d, " features", p.constant ? ", one constant" : "");
}

}  // namespace

std::vector<KernelCase<VisregStandardize>> visreg_standardize_cases() {
  constexpr std::size_t kX = 0, kMoments = 1, kMean = 2, kStd = 3, kTerms = 4, kY = 5;
  std::vector<KernelCase<VisregStandardize>> cases;
  for (const Problem& p : kProblems) {
    const std::vector<double> x = rows_of(p);
    const Statistics s = statistics_of(p, x);
    std::vector<double> moments;
    for (std::int64_t g = 0; g < p.groups; ++g) {
      for (int kind = 0; kind < 3; ++kind) {
        for (std::int64_t j = g * p.d; j < (g + 1) * p.d; ++j) {
          const double std = s.std[static_cast<std::size_t>(j)], n = static_cast<double>(p.n);
          moments.push_back(kind == 0 ? n : kind == 1 ? s.mean[static_cast<std::size_t>(j)] : n * std * std);
        }
      }
    }
    cases.push_back({.name = name_of(p),
                     .buffers = {{.shape = {p.rows(), p.d}, .values = x},
                                 {.shape = {p.groups, 3, p.d}, .values = moments, .dtype = engine::Dtype::f64},
                                 {.shape = {p.groups, p.d}, .tolerance = 1e-7},
                                 {.shape = {p.groups, p.d}, .tolerance = 1e-7},
                                 {.shape = {2}, .tolerance = 1e-6},
                                 // A mean that is rounded, over a small standard deviation.
                                 {.shape = {p.rows(), p.d}, .tolerance = 2e-5}},
                     .arguments =
                         [](const std::vector<View>& on) {
                           return VisregStandardize{.x = on[kX],
                                                    .moments = on[kMoments],
                                                    .epsilon = kEpsilon,
                                                    .mean = on[kMean],
                                                    .std = on[kStd],
                                                    .terms = on[kTerms],
                                                    .y = on[kY]};
                         },
                     .definition =
                         [p](CaseValues& v) {
                           const Statistics exact = statistics_of(p, v[kX]);
                           v[kMean] = exact.mean;
                           v[kStd] = exact.std;
                           v[kTerms] = {scale_of(exact), centre_of(exact)};
                           for (std::size_t i = 0; i < v[kY].size(); ++i) {
                             const std::size_t j = at(p, i);
                             v[kY][i] = (v[kX][i] - exact.mean[j]) / (exact.std[j] + static_cast<double>(kEpsilon));
                           }
                         }});
  }
  return cases;
}

std::vector<KernelCase<VisregGradient>> visreg_gradient_cases() {
  // x is not a buffer of the kernel: the definition's gradient is by it, with std a constant in y.
  constexpr std::size_t kX = 0, kY = 1, kMean = 2, kStd = 3, kGradient = 4;
  std::vector<KernelCase<VisregGradient>> cases;
  for (const Problem& p : kProblems) {
    const std::vector<double> x = rows_of(p);
    const Statistics s = statistics_of(p, x);
    std::vector<double> y, dy = random(p.rows() * p.d, 2);
    for (std::size_t i = 0; i < x.size(); ++i) {
      y.push_back((x[i] - s.mean[at(p, i)]) / (s.std[at(p, i)] + static_cast<double>(kEpsilon)));
    }
    const Statistics sums = statistics_of(p, dy);
    for (std::size_t i = 0; i < dy.size(); ++i) dy[i] -= sums.mean[at(p, i)];
    const auto loss = [p, s, dy](const CaseValues& v) {
      const Statistics moved = statistics_of(p, v[kX]);
      double sum = scale_of(moved) + centre_of(moved);
      for (std::size_t i = 0; i < dy.size(); ++i) {
        const std::size_t j = at(p, i);
        sum += dy[i] * (v[kX][i] - moved.mean[j]) / (s.std[j] + static_cast<double>(kEpsilon));
      }
      return sum;
    };
    KernelCase<VisregGradient> each{
        .name = name_of(p),
        .buffers = {{.shape = {p.rows(), p.d}, .values = x, .dtype = engine::Dtype::f64},
                    {.shape = {p.rows(), p.d}, .values = y},
                    {.shape = {p.groups, p.d}, .values = s.mean},
                    {.shape = {p.groups, p.d}, .values = s.std},
                    {.shape = {p.rows(), p.d}, .values = dy, .tolerance = 1e-6}},
        .arguments =
            [](const std::vector<View>& on) {
              return VisregGradient{
                  .y = on[kY], .mean = on[kMean], .std = on[kStd], .epsilon = kEpsilon, .gradient = on[kGradient]};
            },
        .definition =
            [p](CaseValues& v) {
              const auto elements = static_cast<double>(p.rows() * p.d);
              for (std::size_t i = 0; i < v[kY].size(); ++i) {
                const double std = v[kStd][at(p, i)], divisor = std + static_cast<double>(kEpsilon);
                const double distance = std == 0 ? 0 : v[kY][i] * divisor / std;
                v[kGradient][i] =
                    v[kGradient][i] / divisor + 2 / elements * ((std - 1) * distance + v[kMean][at(p, i)]);
              }
            }};
    // Where all rows agree, std has no derivative.
    if (p.n > 1 && !p.constant) each.gradients = {{.result = kGradient, .variable = kX, .value = loss}};
    cases.push_back(each);
  }
  return cases;
}

}  // namespace tests
