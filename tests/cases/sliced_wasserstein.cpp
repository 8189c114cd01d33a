#include "tests/cases/sliced_wasserstein.h"

#include <algorithm>
#include <cmath>

#include "tests/numeric.h"

namespace tests {
namespace {

using kernels::SlicedWasserstein;

struct Problem : kernels::SlicedWassersteinExample {
  std::vector<double> projections, prior;
};

std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

std::vector<double> random(std::int64_t count, std::uint64_t seed) { return doubles(random_values(count, seed)); }

Problem random_problem(std::string name, std::int64_t slices, std::int64_t n) {
  return {{.name = std::move(name), .slices = slices, .n = n}, random(slices * n, 1), random(slices * n, 2)};
}

template <class Number>
Problem with_numbers(std::string name, std::int64_t n, const Number& number) {
  Problem p = random_problem(std::move(name), 2, n);
  for (std::size_t i = 0; i < p.projections.size(); ++i) p.projections[i] = number(p.projections[i], i);
  p.distinct = false;
  return p;
}

/// Contents on which sorts go wrong.
std::vector<Problem> contents(std::int64_t n) {
  Problem ties_in_prior =
      with_numbers("few numbers on both sides", n, [](double x, auto) { return std::round(3 * x); });
  for (double& q : ties_in_prior.prior) q = std::round(2 * q) / 4;
  return {
      with_numbers("all equal", n, [](double, auto) { return 0.375; }),
      with_numbers("zeros of both signs", n, [](double, auto i) { return i % 3 == 0 ? -0.0 : 0.0; }),
      with_numbers("zeros among others", n, [](double x, auto i) { return i % 3 == 0   ? -0.0
                                                                          : i % 3 == 1 ? 0.0
                                                                                       : x; }),
      with_numbers("ascending", n, [](double, auto i) { return static_cast<double>(i); }),
      with_numbers("descending", n, [](double, auto i) { return -static_cast<double>(i); }),
      with_numbers("far from most", n, [](double x, auto i) { return i % 97 == 5 ? 1e6 * x : 1e-3 * x; }),
      with_numbers("tight groups", n, [](double x, auto i) { return static_cast<double>(i % 3) + 1e-6 * x; }),
      with_numbers("tiny", n, [](double x, auto) { return 1e-40 * x; }),
      with_numbers("infinite", n, [](double x, auto i) { return i == 3   ? INFINITY
                                                                : i == 7 ? -INFINITY
                                                                         : x; }),
      with_numbers("huge", n, [](double x, auto i) { return i == 3   ? 3e38
                                                            : i == 7 ? -3e38
                                                                     : x; }),
      ties_in_prior,
  };
}

std::vector<KernelCase<SlicedWasserstein>> cases_of(const std::vector<Problem>& problems) {
  std::vector<KernelCase<SlicedWasserstein>> cases;
  for (const Problem& problem : problems) {
    cases.push_back(sliced_wasserstein_case(problem, problem.projections, problem.prior));
  }
  return cases;
}

}  // namespace

std::vector<KernelCase<SlicedWasserstein>> sliced_wasserstein_cases() {
  std::vector<Problem> problems;
  for (const std::int64_t n : {1, 2, 31, 32, 257, 1023, 1024, 1025}) problems.push_back(random_problem("random", 3, n));
  problems.push_back(random_problem("one slice", 1, 509));
  problems.push_back(random_problem("many slices", 70, 9));
  problems.push_back(random_problem("no rows", 2, 0));
  for (const std::int64_t n : {130, 601}) {
    for (const Problem& problem : contents(n)) problems.push_back(problem);
    Problem shared = random_problem("one prior for all slices", 3, n);
    shared.prior.resize(static_cast<std::size_t>(n));
    std::sort(shared.prior.begin(), shared.prior.end());
    problems.push_back(shared);
    Problem in_place = random_problem("gradient over projections", 3, n);
    in_place.in_place = true;
    problems.push_back(in_place);
    in_place.in_place = in_place.gradient = false;
    in_place.name = "no gradient";
    problems.push_back(in_place);
  }
  return cases_of(problems);
}

std::vector<KernelCase<SlicedWasserstein>> long_sliced_wasserstein_cases() {
  std::vector<Problem> problems;
  for (const std::int64_t n : {2053, 5003, 16384, 16385, 20011}) problems.push_back(random_problem("random", 2, n));
  for (const std::int64_t n : {2053, 20011}) {
    for (const Problem& problem : contents(n)) problems.push_back(problem);
  }
  return cases_of(problems);
}

}  // namespace tests
