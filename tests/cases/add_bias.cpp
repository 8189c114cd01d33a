#include "tests/cases/add_bias.h"

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Dtype;
using engine::View;
using kernels::AddBias;

std::vector<double> random(std::int64_t count, std::uint64_t seed) {
  const std::vector<float> values = random_values(count, seed);
  return {values.begin(), values.end()};
}

}  // namespace

std::vector<KernelCase<AddBias>> add_bias_cases() {
  constexpr std::size_t kBias = 0, kY = 1;
  const engine::Shape shapes[] = {{1, 1},    {7, 1},   {5, 3}, {3, 9, 7, 4},   {2, 8, 8, 21},
                                  {257, 16}, {3, 300}, {0, 5}, {2, 67, 129, 3}};
  std::vector<KernelCase<AddBias>> cases;
  for (const engine::Shape& shape : shapes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      cases.push_back(
          {.name = engine::concat(engine::name(dtype), " ", shape),
           .buffers =
               {{.shape = {shape.cols()}, .values = random(shape.cols(), 1)},
                {.shape = shape, .values = random(shape.elements(), 2), .dtype = dtype, .tolerance = rounding(dtype)}},
           .arguments = [](const std::vector<View>& on) { return AddBias{.bias = on[kBias], .y = on[kY]}; },
           .definition =
               [](CaseValues& v) {
                 for (std::size_t i = 0; i < v[kY].size(); ++i) v[kY][i] += v[kBias][i % v[kBias].size()];
               }});
    }
  }
  return cases;
}

}  // namespace tests
