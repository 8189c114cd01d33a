#include "tests/cases/reduce.h"

#include "tests/numeric.h"

namespace tests {

std::vector<KernelCase<kernels::SquaredDistance>> squared_distance_cases() {
  std::vector<KernelCase<kernels::SquaredDistance>> cases;
  for (const std::int64_t count : {0, 1, 31, 63, 64, 65, 1000, 4099, 100003}) {
    const std::vector<float> a = random_values(count, 1), b = random_values(count, 2);
    for (const engine::Dtype dtype : {engine::Dtype::f32, engine::Dtype::bf16}) {
      for (const bool skewed : {false, true}) {
        cases.push_back(
            kernels::squared_distance_case({.shape = {count}, .dtype = dtype, .factor = 0.5f, .skewed = skewed},
                                           {a.begin(), a.end()}, {b.begin(), b.end()}));
      }
    }
  }
  return cases;
}

}  // namespace tests
