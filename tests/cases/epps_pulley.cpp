#include "tests/cases/epps_pulley.h"

#include <cmath>
#include <functional>

#include "tests/numeric.h"

namespace tests {
namespace {

struct Problem : kernels::EppsPulleyExample {
  std::vector<double> x = {};
};

Problem problem(
    std::string name, std::int64_t slices, std::int64_t groups, std::int64_t n,
    const std::function<double(double, std::size_t)>& sample = [](double x, std::size_t) { return 2 * x; }) {
  Problem p{{.name = std::move(name), .slices = slices, .groups = groups, .n = n, .gradient_factor = 0.75f}};
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

std::vector<KernelCase<kernels::EppsPulley>> epps_pulley_cases() {
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
    p.gradient_factor = 0;
    problems.push_back(p);
  }
  std::vector<KernelCase<kernels::EppsPulley>> cases;
  for (const Problem& p : problems) cases.push_back(epps_pulley_case(p, p.x));
  return cases;
}

}  // namespace tests
