#include "losses/alignment.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/l2_normalize.h"
#include "engine/ops/reduce.h"
#include "kernels/context.h"
#include "tests/losses/golden_rows.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;
using losses::alignment;

TEST_CASE("alignment: golden values, on raw and on normalised rows") {
  const Context context = kernels::make_context();
  const Tensor z = Tensor::from<float>(context, {2 * tests::kGoldenPairs, tests::kGoldenWidth}, tests::golden_rows());
  constexpr float kFactor = 1.0f / (2 * tests::kGoldenPairs * tests::kGoldenWidth);  // as in the authors' notebook
  CHECK(alignment(z, kFactor).item() == doctest::Approx(0.0773283902).epsilon(1e-6));
  CHECK(alignment(engine::l2_normalize(z), kFactor).item() == doctest::Approx(0.0430773470).epsilon(1e-6));
}

TEST_CASE("alignment: gradients match central differences, also on top of another gradient") {
  const Context context = kernels::make_context();
  const Tensor z = tests::random_tensor(context, {6, 5}, 1);
  tests::check_gradients([](const auto& in) { return alignment(in[0], 0.25f); }, {z});
  tests::check_gradients([](const auto& in) { return engine::add(alignment(in[0], 0.25f), engine::mean(in[0])); }, {z});
}

TEST_CASE("alignment: equal views have neither distance nor gradient") {
  const Context context = kernels::make_context();
  const Tensor z = Tensor::from<float>(context, {4, 1}, {1, 2, 1, 2}).requires_gradient();
  const Tensor y = alignment(z, 1);
  CHECK(y.item() == 0);
  engine::backward(y);
  CHECK(z.gradient().to_host<float>() == std::vector<float>(4, 0.0f));
}

TEST_CASE("alignment: refuses rows that are not two views") {
  const Context context = kernels::make_context();
  for (const engine::Shape& shape : {engine::Shape{3, 2}, engine::Shape{0, 2}, engine::Shape{4}}) {
    CHECK_THROWS_WITH_AS(
        alignment(Tensor::zeros(context, shape), 1),
        doctest::Contains("alignment: z must be [2n,d], the rows of view 1 above those of view 2, got"), engine::Error);
  }
}
