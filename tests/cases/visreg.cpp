#include "tests/cases/visreg.h"

#include "tests/numeric.h"

namespace tests {
namespace {

using kernels::VisregContents;
using kernels::VisregExample;

std::vector<double> random(std::int64_t count, std::uint64_t seed) {
  const std::vector<float> values = random_values(count, seed);
  return {values.begin(), values.end()};
}

/// Features of different means; with `constant`, one is the same in all rows.
VisregContents contents_of(const VisregExample& p, bool constant = false) {
  std::vector<double> x = random(p.rows() * p.d, 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto feature = static_cast<std::int64_t>(i) % p.d;
    x[i] = constant && feature == 1 ? 0.25 : 0.3 * static_cast<double>(feature % 7) + 2 * x[i];
  }
  return visreg_contents(p, x, random(p.rows() * p.d, 2));
}

/// Calls add(example, contents).
template <class Add>
void for_each_problem(const Add& add) {
  for (VisregExample p : std::initializer_list<VisregExample>{
           {.groups = 1, .n = 1, .d = 1},
           {.groups = 2, .n = 2, .d = 3},
           {.groups = 3, .n = 7, .d = 33},
           {.groups = 1, .n = 40, .d = 17},
           {.groups = 2, .n = 31, .d = 300},
       }) {
    p.has_gradient = p.n > 1;
    add(p, contents_of(p));
  }
  const VisregExample p{.groups = 2, .n = 5, .d = 4};
  add(p, contents_of(p, true));
  const VisregExample part{.groups = 2, .n = 9, .d = 5, .share = 0.25f, .has_gradient = true};
  add(part, contents_of(part));
}

}  // namespace

std::vector<KernelCase<kernels::VisregStandardize>> visreg_standardize_cases() {
  std::vector<KernelCase<kernels::VisregStandardize>> cases;
  for_each_problem([&](const auto& p, const auto& contents) { cases.push_back(visreg_standardize_case(p, contents)); });
  return cases;
}

std::vector<KernelCase<kernels::VisregGradient>> visreg_gradient_cases() {
  std::vector<KernelCase<kernels::VisregGradient>> cases;
  for_each_problem([&](const auto& p, const auto& contents) { cases.push_back(visreg_gradient_case(p, contents)); });
  return cases;
}

}  // namespace tests
