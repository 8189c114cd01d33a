#include "kernels/cases/visreg.h"

#include <cmath>

namespace kernels {
namespace {

struct Statistics {
  std::vector<double> mean, std;  // [groups,d]
};

Statistics statistics_of(const VisregExample& p, const std::vector<double>& x) {
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
std::size_t at(const VisregExample& p, std::size_t i) {
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

std::string name_of(const VisregExample& p) {
  return engine::concat(p.groups, " groups of ", p.n, " rows, ", p.d, " features");
}

double divisor(const VisregExample& p, double std) { return std + static_cast<double>(p.epsilon); }

/// Each group's sum of gradients becomes 0, as the kernel takes it to be.
std::vector<double> balanced(const VisregExample& p, std::vector<double> dy) {
  const Statistics sums = statistics_of(p, dy);
  for (std::size_t i = 0; i < dy.size(); ++i) dy[i] -= sums.mean[at(p, i)];
  return dy;
}

}  // namespace

VisregContents visreg_contents(const VisregExample& p, const std::vector<double>& x, std::vector<double> dy) {
  const Statistics s = statistics_of(p, x);
  VisregContents all{.x = x, .moments = {}, .y = {}, .mean = s.mean, .std = s.std, .dy = balanced(p, std::move(dy))};
  const auto n = static_cast<double>(p.n);
  for (std::int64_t g = 0; g < p.groups; ++g) {
    for (int kind = 0; kind < 3; ++kind) {
      for (std::int64_t i = g * p.d; i < (g + 1) * p.d; ++i) {
        const auto j = static_cast<std::size_t>(i);
        all.moments.push_back(kind == 0 ? n : kind == 1 ? s.mean[j] : n * s.std[j] * s.std[j]);
      }
    }
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    all.y.push_back((x[i] - s.mean[at(p, i)]) / divisor(p, s.std[at(p, i)]));
  }
  return all;
}

KernelCase<VisregStandardize> visreg_standardize_case(const VisregExample& p, const VisregContents& contents) {
  constexpr std::size_t kX = 0, kMoments = 1, kMean = 2, kStd = 3, kTerms = 4, kY = 5;
  return {.name = name_of(p),
          .buffers = {{.shape = {p.rows(), p.d}, .values = contents.x},
                      {.shape = {p.groups, 3, p.d}, .values = contents.moments, .dtype = Dtype::f64},
                      {.shape = {p.groups, p.d}, .tolerance = 1e-7},
                      {.shape = {p.groups, p.d}, .tolerance = 1e-7},
                      {.shape = {2}, .tolerance = 1e-6},
                      // A mean that is rounded, over a small standard deviation.
                      {.shape = {p.rows(), p.d}, .tolerance = 2e-5}},
          .arguments =
              [p](const std::vector<View>& on) {
                return VisregStandardize{.x = on[kX],
                                         .moments = on[kMoments],
                                         .epsilon = p.epsilon,
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
                  v[kY][i] = (v[kX][i] - exact.mean[j]) / divisor(p, exact.std[j]);
                }
              }};
}

KernelCase<VisregGradient> visreg_gradient_case(const VisregExample& p, const VisregContents& contents) {
  // x is not a buffer of the kernel: the definition's gradient is by it, with std a constant in y.
  constexpr std::size_t kY = 0, kMean = 1, kStd = 2, kGradient = 3, kX = 4;
  KernelCase<VisregGradient> result{
      .name = name_of(p),
      .buffers = {{.shape = {p.rows(), p.d}, .values = contents.y},
                  {.shape = {p.groups, p.d}, .values = contents.mean},
                  {.shape = {p.groups, p.d}, .values = contents.std},
                  {.shape = {p.rows(), p.d}, .values = contents.dy, .tolerance = 1e-6},
                  {.shape = {static_cast<std::int64_t>(contents.x.size())}, .values = contents.x, .dtype = Dtype::f64}},
      .arguments =
          [p](const std::vector<View>& on) {
            return VisregGradient{.y = on[kY],
                                  .mean = on[kMean],
                                  .std = on[kStd],
                                  .epsilon = p.epsilon,
                                  .share = p.share,
                                  .gradient = on[kGradient]};
          },
      .definition =
          [p](CaseValues& v) {
            const double factor = 2 * static_cast<double>(p.share) / static_cast<double>(p.rows() * p.d);
            for (std::size_t i = 0; i < v[kY].size(); ++i) {
              const double std = v[kStd][at(p, i)], over = divisor(p, std);
              const double distance = std == 0 ? 0 : v[kY][i] * over / std;
              v[kGradient][i] = v[kGradient][i] / over + factor * ((std - 1) * distance + v[kMean][at(p, i)]);
            }
          }};
  // Where all rows agree, std has no derivative.
  if (p.has_gradient) {
    result.gradients = {{.result = kGradient, .variable = kX, .value = [p](const CaseValues& v) {
                           const Statistics moved = statistics_of(p, v[kX]);
                           double sum = static_cast<double>(p.share) * (scale_of(moved) + centre_of(moved));
                           for (std::size_t i = 0; i < v[kX].size(); ++i) {
                             const std::size_t j = at(p, i);
                             sum += v[kGradient][i] * (v[kX][i] - moved.mean[j]) / divisor(p, v[kStd][j]);
                           }
                           return sum;
                         }}};
  }
  return result;
}

}  // namespace kernels
