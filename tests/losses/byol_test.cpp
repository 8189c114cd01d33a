#include "losses/byol.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/losses/golden_rows.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;

TEST_CASE("byol: the mean squared distance of unit predictions and the other view's unit targets, both ways") {
  const Context context = kernels::make_context();
  // Predictions (1,0), (0,2); targets (0,3), (1,1): view 1's prediction meets view 2's target, and the reverse.
  const Tensor predictions = Tensor::from<float>(context, {2, 2}, {1, 0, 0, 2}),
               targets = Tensor::from<float>(context, {2, 2}, {0, 3, 1, 1});
  const double to_diagonal = 2 - 2 * std::sqrt(0.5);
  CHECK(losses::byol(predictions, targets).item() == doctest::Approx(to_diagonal + 0));
  CHECK(losses::byol(predictions, Tensor::from<float>(context, {2, 2}, {0, -3, -5, 0})).item() == doctest::Approx(8));
}

TEST_CASE("byol: gradients match central differences, and targets have none") {
  const Context context = kernels::make_context();
  const Tensor predictions = tests::random_tensor(context, {6, 5}, 1),
               targets = tests::random_tensor(context, {6, 5}, 2);
  tests::check_gradients([&](const auto& in) { return losses::byol(in[0], targets); }, {predictions});
  const Tensor leaf = targets.requires_gradient();
  engine::backward(losses::byol(predictions.requires_gradient(), leaf));
  CHECK_FALSE(leaf.gradient());
}

TEST_CASE("byol: refuses rows that are not two views, or not alike") {
  const Context context = kernels::make_context();
  const auto refuses = [&](const engine::Shape& predictions, const engine::Shape& targets) {
    CHECK_THROWS_WITH_AS(
        losses::byol(Tensor::zeros(context, predictions), Tensor::zeros(context, targets)),
        doctest::Contains(
            "byol: predictions and targets must be [2n,d], the rows of view 1 above those of view 2, got"),
        engine::Error);
  };
  refuses({3, 2}, {3, 2});
  refuses({0, 2}, {0, 2});
  refuses({4, 2}, {4, 3});
  refuses({4}, {4});
}
