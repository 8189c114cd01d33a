#include "tests/cases/average_pool.h"

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Dtype;
using kernels::AveragePoolExample;

std::vector<AveragePoolExample> examples() {
  std::vector<AveragePoolExample> all;
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const bool skewed : {false, true}) {
      for (AveragePoolExample p : std::initializer_list<AveragePoolExample>{
               // ResNet-D's shortcuts, at even and odd sizes.
               {{.n = 2, .h = 8, .w = 6, .c = 16, .window = 2, .stride = 2, .rows = {0, 1}, .columns = {0, 1}}, true},
               {{.n = 1, .h = 7, .w = 5, .c = 35, .window = 2, .stride = 2, .rows = {0, 1}, .columns = {0, 1}}, true},
               {{.n = 2, .h = 5, .w = 4, .c = 24, .window = 2, .stride = 1, .rows = {0, 1}, .columns = {0, 1}}},
               {{.n = 1, .h = 1, .w = 1, .c = 3, .window = 2, .stride = 1, .rows = {0, 1}, .columns = {0, 1}}},
               {{.n = 1, .h = 1, .w = 1, .c = 8, .window = 2, .stride = 2, .rows = {0, 1}, .columns = {0, 1}}, true},
               {{.n = 0, .h = 4, .w = 4, .c = 8, .window = 2, .stride = 2}},
               // With padding before, with overlap and with gaps.
               {{.n = 1, .h = 9, .w = 11, .c = 67, .window = 5, .stride = 3, .rows = {4, 0}, .columns = {2, 3}}},
               {{.n = 1, .h = 9, .w = 11, .c = 264, .window = 3, .stride = 2, .rows = {1, 1}, .columns = {1, 0}}, true},
               {{.n = 2, .h = 10, .w = 10, .c = 1, .window = 2, .stride = 3}},
               {{.n = 1, .h = 3, .w = 130, .c = 8, .window = 3, .stride = 1, .columns = {2, 2}}}}) {
        p.dtype = dtype;
        p.skewed = skewed;
        all.push_back(p);
      }
    }
  }
  return all;
}

std::vector<double> random(const engine::Shape& shape, std::uint64_t seed) {
  const std::vector<float> values = random_values(shape.elements(), seed);
  return {values.begin(), values.end()};
}

}  // namespace

std::vector<KernelCase<kernels::AveragePoolForward>> average_pool_forward_cases() {
  std::vector<KernelCase<kernels::AveragePoolForward>> cases;
  for (const AveragePoolExample& p : examples()) cases.push_back(average_pool_forward_case(p, random(p.images(), 1)));
  return cases;
}

std::vector<KernelCase<kernels::AveragePoolBackward>> average_pool_backward_cases() {
  std::vector<KernelCase<kernels::AveragePoolBackward>> cases;
  for (const AveragePoolExample& p : examples()) {
    const std::vector<double> dy = random(p.pooled(), 2);
    const bool compares = p.dtype == Dtype::f32 && p.g.c < 40;
    cases.push_back(average_pool_backward_case(p, dy, {}, compares ? random(p.images(), 1) : std::vector<double>()));
    cases.push_back(average_pool_backward_case(p, dy, random(p.images(), 3)));
  }
  return cases;
}

}  // namespace tests
