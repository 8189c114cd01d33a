#include "tests/cases/add_bias.h"

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Dtype;

std::vector<double> random(std::int64_t count, std::uint64_t seed) {
  const std::vector<float> values = random_values(count, seed);
  return {values.begin(), values.end()};
}

}  // namespace

std::vector<KernelCase<kernels::AddBias>> add_bias_cases() {
  const engine::Shape shapes[] = {{1, 1},    {7, 1},   {5, 3}, {3, 9, 7, 4},   {2, 8, 8, 21},
                                  {257, 16}, {3, 300}, {0, 5}, {2, 67, 129, 3}};
  std::vector<KernelCase<kernels::AddBias>> cases;
  for (const engine::Shape& shape : shapes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      cases.push_back(kernels::add_bias_case(shape, dtype, random(shape.cols(), 1), random(shape.elements(), 2)));
    }
  }
  return cases;
}

}  // namespace tests
