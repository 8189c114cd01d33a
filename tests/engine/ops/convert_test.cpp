#include "engine/ops/convert.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;
using tests::to_floats;

TEST_CASE("convert: rounds to the dtype, and the gradient to x's") {
  const Context context = kernels::make_context();
  for (const auto& [from, to] : {std::pair{Dtype::f32, Dtype::bf16}, {Dtype::bf16, Dtype::f32}}) {
    CAPTURE(name(from));
    const Tensor x = random_tensor(context, {3, 5}, 1, from).requires_gradient(),
                 dy = random_tensor(context, {3, 5}, 2, to);
    const Tensor y = convert(x, to);
    CHECK(y.dtype() == to);
    backward(y, dy);
    CHECK(x.gradient().dtype() == from);
    for (std::size_t i = 0; i < 15; ++i) {
      CHECK(to_floats(y)[i] == static_cast<float>(bf16(to_floats(x)[i])));
      CHECK(to_floats(x.gradient())[i] == static_cast<float>(bf16(to_floats(dy)[i])));
    }
  }
}

TEST_CASE("convert: to x's own dtype is x") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {3}, 1).requires_gradient();
  CHECK(convert(x, Dtype::f32).node() == x.node());
  CHECK(View(convert(x, Dtype::f32)).data == View(x).data);
}
