#include "tests/cases/elementwise.h"

#include "tests/numeric.h"

namespace tests {
namespace {

using kernels::ElementwiseExample;

/// Around the vector widths, and above the size at which threads share the work.
constexpr std::int64_t kCounts[] = {0, 1, 7, 8, 16, 31, 33, 257, 1000, 2053, 50021};

/// Calls add(example, random), with what is added to or nothing; random(seed) are as many numbers.
template <class Add>
void for_each_problem(const Add& add) {
  for (const std::int64_t count : kCounts) {
    const auto random = [&](std::uint64_t seed) {
      const std::vector<float> values = random_values(count, seed);
      return std::vector<double>(values.begin(), values.end());
    };
    for (const engine::Dtype dtype : {engine::Dtype::f32, engine::Dtype::bf16}) {
      for (const bool skewed : {false, true}) {
        for (const bool accumulate : {false, true}) {
          const ElementwiseExample example{.shape = {count}, .dtype = dtype, .scalar = -0.75f, .skewed = skewed};
          add(example, random, accumulate ? random(3) : std::vector<double>());
        }
      }
    }
  }
}

}  // namespace

std::vector<KernelCase<kernels::ScaleBy>> scale_by_cases() {
  std::vector<KernelCase<kernels::ScaleBy>> cases;
  for_each_problem([&](const auto& example, const auto& random, const auto& y) {
    cases.push_back(scale_by_case(example, random(1), y));
  });
  return cases;
}

std::vector<KernelCase<kernels::ScaledDifference>> scaled_difference_cases() {
  std::vector<KernelCase<kernels::ScaledDifference>> cases;
  for_each_problem([&](const auto& example, const auto& random, const auto& y) {
    cases.push_back(scaled_difference_case(example, -2, random(1), random(2), y));
  });
  return cases;
}

}  // namespace tests
