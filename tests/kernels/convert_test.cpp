#include "kernels/convert.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using tests::GuardedTensor;
using tests::random_tensor;
using tests::to_floats;

TEST_CASE("convert kernel: equals one rounding of x, or of y + x, and writes nothing beside y") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const std::int64_t count : {0, 1, 7, 16, 33, 1000, 50021}) {
    for (const Dtype from : {Dtype::f32, Dtype::bf16}) {
      for (const Dtype to : {Dtype::f32, Dtype::bf16}) {
        for (const bool accumulate : {false, true}) {
          CAPTURE(count);
          const Tensor x = random_tensor(context, {count}, 1, from), before = random_tensor(context, {count}, 2, to);
          const GuardedTensor y(before);
          kernels::convert(context, {.x = x, .y = {y, accumulate}});
          const std::vector<float> xs = to_floats(x), befores = to_floats(before);
          std::vector<float> expected;
          for (std::size_t i = 0; i < xs.size(); ++i) {
            const float sum = accumulate ? befores[i] + xs[i] : xs[i];
            expected.push_back(to == Dtype::bf16 ? static_cast<float>(bf16(sum)) : sum);
          }
          CHECK(to_floats(y.checked()) == expected);
        }
      }
    }
  }
}

TEST_CASE("convert kernel: NaN, infinities, ties and what rounds up to infinity") {
  const Context context = kernels::make_context();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values{std::nanf(""), -kInfinity, kInfinity, 3.4e38f, 0x1.01p0f, 0x1.03p0f, -0.0f};
  const Tensor y = Tensor::empty(context, {7}, Dtype::bf16);
  kernels::convert(context, {.x = Tensor::from(context, {7}, values), .y = {y}});
  const std::vector<float> rounded = to_floats(y);
  CHECK(std::isnan(rounded[0]));
  CHECK(std::vector<float>(rounded.begin() + 1, rounded.end()) ==
        std::vector<float>{-kInfinity, kInfinity, kInfinity, 1.0f, 0x1.04p0f, -0.0f});
}
