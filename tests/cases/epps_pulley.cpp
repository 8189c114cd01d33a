#include "tests/cases/epps_pulley.h"

#include <cmath>
#include <functional>

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::View;
using kernels::EppsPulley;

constexpr std::size_t kX = 0, kStatistic = 1;

struct Problem {
  std::string name;
  std::int64_t slices, groups, n;
  int knots = 17;
  float t_max = 3;
  std::vector<double> x;
  bool gradient = true;
  bool far = false;         ///< t_k x is meant as k times the product of x and the spacing in f32
  double tolerance = 1e-6;  ///< of the gradient; the statistic adds up n samples
};

/// Each group's statistic, by the equation in kernels/epps_pulley.h, and the gradient of factor * their sum.
double define(const Problem& p, const std::vector<double>& x, double factor, double* statistics, double* gradient) {
  double sum = 0;
  const float spacing = p.t_max / static_cast<float>(p.knots - 1);
  for (std::int64_t test = 0; test < p.slices * p.groups; ++test) {
    const double* sample = x.data() + test * p.n;
    std::vector<double> slope(static_cast<std::size_t>(p.n));
    double statistic = 0;
    for (int k = 0; k < p.knots; ++k) {
      const double width = static_cast<double>(p.t_max) / (p.knots - 1), t = k * width;
      const double phi = std::exp(-t * t / 2), weight = (k == 0 || k + 1 == p.knots ? 1 : 2) * width;
      const auto angle = [&](std::int64_t i) {
        return p.far ? k * static_cast<double>(static_cast<float>(sample[i]) * spacing) : t * sample[i];
      };
      double cosine = 0, sine = 0;
      for (std::int64_t i = 0; i < p.n; ++i) {
        cosine += std::cos(angle(i)) / static_cast<double>(p.n);
        sine += std::sin(angle(i)) / static_cast<double>(p.n);
      }
      statistic += static_cast<double>(p.n) * weight * phi * (std::pow(cosine - phi, 2) + sine * sine);
      for (std::int64_t i = 0; gradient != nullptr && i < p.n; ++i) {
        slope[static_cast<std::size_t>(i)] +=
            2 * factor * weight * phi * t * (sine * std::cos(angle(i)) - (cosine - phi) * std::sin(angle(i)));
      }
    }
    if (statistics != nullptr) statistics[test] = statistic;
    if (gradient != nullptr) std::copy(slope.begin(), slope.end(), gradient + test * p.n);
    sum += factor * statistic;
  }
  return sum;
}

KernelCase<EppsPulley> make(const Problem& p) {
  constexpr double kFactor = 0.75;
  KernelCase<EppsPulley> result{
      .name = engine::concat(p.name, ": ", p.slices, " slices of ", p.groups, " x ", p.n, ", ", p.knots, " knots to ",
                             p.t_max, p.gradient ? "" : ", no gradient"),
      // Each mean has an error of a few roundings, the statistic n times as much where it is large.
      .buffers = {{.shape = {p.slices, p.groups * p.n}, .values = p.x, .tolerance = p.gradient ? p.tolerance : 0},
                  {.shape = {p.slices, p.groups},
                   .tolerance = p.tolerance * (3 + std::sqrt(static_cast<double>(p.n)))}},
      .arguments =
          [=](const std::vector<View>& on) {
            return EppsPulley{.x = on[kX],
                              .groups = p.groups,
                              .knots = p.knots,
                              .t_max = p.t_max,
                              .statistic = on[kStatistic],
                              .gradient_factor = p.gradient ? static_cast<float>(kFactor) : 0};
          },
      .definition =
          [=](CaseValues& v) {
            const std::vector<double> x = v[kX];
            define(p, x, kFactor, v[kStatistic].data(), p.gradient ? v[kX].data() : nullptr);
          }};
  if (p.gradient && p.n <= 31 && !p.far) {
    result.gradients = {{.result = kX, .variable = kX, .value = [=](const CaseValues& v) {
                           return define(p, v[kX], kFactor, nullptr, nullptr);
                         }}};
  }
  return result;
}

Problem problem(
    std::string name, std::int64_t slices, std::int64_t groups, std::int64_t n,
    const std::function<double(double, std::size_t)>& sample = [](double x, std::size_t) { return 2 * x; }) {
  Problem p{.name = std::move(name), .slices = slices, .groups = groups, .n = n, .x = {}};
  const std::vector<float> values = random_values(slices * groups * n, static_cast<std::uint64_t>(n + 1));
  for (std::size_t i = 0; i < values.size(); ++i) p.x.push_back(sample(values[i], i));
  return p;
}

/// Numbers that a network may produce.
std::vector<Problem> contents() {
  std::vector<Problem> all = {
      problem("zeros", 2, 1, 37, [](double, auto) { return 0; }),
      problem("one point", 2, 2, 100, [](double, auto) { return 0.7; }),
      problem("next to 0", 1, 2, 33, [](double x, auto) { return 1e-4 * x; }),
      problem("infinite", 3, 2, 40, [](double x, auto i) { return i == 100 ? INFINITY : x; }),
      problem("not a number", 3, 2, 40, [](double x, auto i) { return i == 161 ? NAN : x; }),
  };
  // Angles are rounded in f32.
  all.push_back(problem("up to 1000", 1, 2, 300, [](double x, auto) { return 1000 * x; }));
  all.back().tolerance = 2e-4;
  all.push_back(problem("beyond the range of fast sines", 2, 1, 21, [](double x, auto) { return 1e6 * x; }));
  all.back().far = true;
  all.push_back(problem("anything finite", 2, 1, 21, [](double x, auto i) { return i % 3 == 0 ? 3e38 * x : x; }));
  all.back().far = true;
  return all;
}

}  // namespace

std::vector<KernelCase<EppsPulley>> epps_pulley_cases() {
  std::vector<Problem> problems = contents();
  for (const std::int64_t n : {1, 2, 7, 15, 16, 31, 257, 300}) problems.push_back(problem("random", 3, 2, n));
  problems.push_back(problem("many slices", 67, 1, 5));
  problems.push_back(problem("many groups", 1, 7, 9));
  problems.push_back(problem("long", 1, 1, 16500));
  problems.push_back(problem("no slices", 0, 2, 4));
  for (const int knots : {2, 3, 5, 6, 18, 34, 65}) {
    problems.push_back(problem("random", 2, 1, 29));
    problems.back().knots = knots;
  }
  for (const float t_max : {0.5f, 5.0f}) {
    problems.push_back(problem("random", 2, 1, 29));
    problems.back().t_max = t_max;
  }
  const auto all = problems;
  for (Problem p : all) {
    p.gradient = false;
    problems.push_back(p);
  }
  std::vector<KernelCase<EppsPulley>> cases;
  for (const Problem& p : problems) cases.push_back(make(p));
  return cases;
}

}  // namespace tests
