#include "engine/ops/rows.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

TEST_CASE("rows: concat_rows puts a above b, of any dtype") {
  const Context context = kernels::make_context();
  const Tensor a = Tensor::from<float>(context, {1, 2}, {1, 2}), b = Tensor::from<float>(context, {2, 2}, {3, 4, 5, 6});
  const Tensor y = concat_rows(a, b);
  CHECK(y.shape() == Shape{3, 2});
  CHECK(y.to_host<float>() == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(concat_rows(Tensor::zeros(context, {0, 2}), b).to_host<float>() == b.to_host<float>());
  const Tensor labels = Tensor::from<std::int32_t>(context, {2}, {7, 8});
  CHECK(concat_rows(labels, labels).to_host<std::int32_t>() == std::vector<std::int32_t>{7, 8, 7, 8});
}

TEST_CASE("rows: slice_rows is a range of the buffer") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {5, 2, 3}, 1);
  const std::vector<float> xs = x.to_host<float>();
  const Tensor y = slice_rows(x, 1, 3);
  CHECK(y.shape() == Shape{3, 2, 3});
  CHECK(y.to_host<float>() == std::vector<float>(xs.begin() + 6, xs.begin() + 24));
  CHECK(View(slice_rows(x, 0, 5)).data == View(x).data);
  CHECK(slice_rows(x, 5, 0).shape() == Shape{0, 2, 3});
}

TEST_CASE("rows: gradients match central differences") {
  const Context context = kernels::make_context();
  const Tensor a = random_tensor(context, {2, 3}, 1), b = random_tensor(context, {4, 3}, 2);
  tests::check_gradients([](const auto& in) { return concat_rows(in[0], in[1]); }, {a, b});
  tests::check_gradients([](const auto& in) { return concat_rows(in[0], in[0]); }, {a});
  tests::check_gradients([](const auto& in) { return slice_rows(in[0], 1, 2); }, {b});
  // Both halves and the whole: the second and third gradients are added to the first.
  tests::check_gradients(
      [](const auto& in) {
        return add(multiply(slice_rows(in[0], 0, 2), slice_rows(in[0], 2, 2)), slice_rows(in[0], 1, 2));
      },
      {b});
}

TEST_CASE("rows: the gradient outside a slice is zero, in fresh memory and in what was there") {
  const Context context = kernels::make_context();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    CAPTURE(name(dtype));
    { const Tensor dirty = random_tensor(context, {3, 2}, 5, dtype); }  // returned to the pool, and handed out next
    const Tensor x = random_tensor(context, {3, 2}, 1, dtype).requires_gradient();
    backward(sum(slice_rows(x, 1, 1)));
    CHECK(tests::to_floats(x.gradient()) == std::vector<float>{0, 0, 1, 1, 0, 0});
    backward(sum(slice_rows(x, 0, 2)));
    CHECK(tests::to_floats(x.gradient()) == std::vector<float>{1, 1, 2, 2, 0, 0});
  }
}

TEST_CASE("rows: say what does not fit") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {3, 2});
  CHECK_THROWS_WITH_AS(slice_rows(x, 2, 2), "rows [2,4) are not inside a tensor of shape [3,2]", Error);
  CHECK_THROWS_AS(slice_rows(x, -1, 2), Error);
  CHECK_THROWS_WITH_AS(
      concat_rows(x, Tensor::zeros(context, {3, 4})),
      "concat_rows: a and b must agree in dtype and in all dimensions but the first, got [3,2] of f32 and [3,4] of f32",
      Error);
  CHECK_THROWS_AS(concat_rows(x, Tensor::zeros(context, {3, 2}, Dtype::bf16)), Error);
}
