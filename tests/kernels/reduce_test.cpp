#include "kernels/reduce.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/cases/reduce.h"
#include "tests/cases/run_on_cpu.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using tests::GuardedTensor;
using tests::random_tensor;

TEST_CASE("sum kernel: equals the plain sum in double to the last bit of f32") {
  const Context context = kernels::make_context();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const std::int64_t count : {0, 1, 63, 64, 65, 1000, 100003}) {
      CAPTURE(name(dtype));
      CAPTURE(count);
      const Tensor x = random_tensor(context, {count}, 1, dtype);
      const GuardedTensor y(context, {});
      kernels::sum(context, {.x = x, .factor = 0.5f, .y = y});
      double expected = 0;
      for (const float value : tests::to_floats(x)) expected += 0.5 * value;
      tests::expect_close(y.checked().to_host<float>(), {expected}, tests::rounding(Dtype::f32));
    }
  }
}

TEST_CASE("squared_distance kernel: the definition's sum") {
  tests::run_on_cpu(tests::squared_distance_cases(), kernels::squared_distance);
}

TEST_CASE("sum kernel: does not lose small terms beside large ones") {
  const Context context = kernels::make_context();
  std::vector<float> values(30001, 1e-4f);
  values[0] = 1e4f;  // 1e-3 from its neighbours in f32
  const Tensor y = Tensor::empty(context, {});
  kernels::sum(context, {.x = Tensor::from(context, {30001}, values), .y = y});
  CHECK(y.item() == 10003.0f);
}

TEST_CASE("sum kernel: bit-equal for any number of threads") {
  const auto with_threads = [](int threads) {
    const Context context = kernels::make_context({.device = {}, .threads = threads});
    const Tensor y = Tensor::empty(context, {});
    kernels::sum(context, {.x = random_tensor(context, {100003}, 1), .y = y});
    return y.item();
  };
  const float one = with_threads(1);
  for (const int threads : {2, 3, 8}) CHECK(with_threads(threads) == one);
}
