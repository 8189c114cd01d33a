#include "engine/ops/softmax_cross_entropy.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

namespace {

Tensor labels(const Context& context, const std::vector<std::int32_t>& values) {
  return Tensor::from(context, {static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

TEST_CASE("softmax_cross_entropy: golden value with label smoothing") {
  const Context context = kernels::make_context();
  const Tensor logits = Tensor::from<float>(context, {1, 3}, {2, 0, -1});
  CHECK(softmax_cross_entropy(logits, labels(context, {0}), 0.1f).loss.item() ==
        doctest::Approx(0.3365126862).epsilon(1e-7));
}

TEST_CASE("softmax_cross_entropy: uniform logits cost log K, a label is a distribution with all in one place") {
  const Context context = kernels::make_context();
  CHECK(softmax_cross_entropy(Tensor::zeros(context, {4, 10}), labels(context, {0, 9, 3, 3})).loss.item() ==
        doctest::Approx(std::log(10.0)).epsilon(1e-7));
  const Tensor logits = random_tensor(context, {2, 3}, 1);
  const auto by_label = softmax_cross_entropy(logits, labels(context, {1, 2}), 0.2f);
  const auto by_distribution =
      softmax_cross_entropy(logits, Tensor::from<float>(context, {2, 3}, {0, 1, 0, 0, 0, 1}), 0.2f);
  CHECK(by_label.loss.item() == doctest::Approx(by_distribution.loss.item()).epsilon(1e-7));
  CHECK(by_label.accuracy.item() == by_distribution.accuracy.item());
}

TEST_CASE("softmax_cross_entropy: gradients match central differences") {
  const Context context = kernels::make_context();
  const Tensor logits = random_tensor(context, {5, 4}, 1), classes = labels(context, {0, 3, 1, 1, 2});
  const Tensor distributions =
      Tensor::from<float>(context, {5, 4}, {0, 0, 0, 1, .25, .25, .25, .25, .5, .5, 0, 0, 0, .9f, 0, .1f, 1, 0, 0, 0});
  for (const float smoothing : {0.0f, 0.1f}) {
    tests::check_gradients([&](const auto& in) { return softmax_cross_entropy(in[0], classes, smoothing).loss; },
                           {logits});
    tests::check_gradients([&](const auto& in) { return softmax_cross_entropy(in[0], distributions, smoothing).loss; },
                           {logits});
  }
}

TEST_CASE("softmax_cross_entropy: exact for logits of size 1e4") {
  const Context context = kernels::make_context();
  const Tensor logits =
      Tensor::from<float>(context, {3, 2}, {1e4f, -1e4f, -1e4f, 1e4f, 1e4f, 1e4f - 0.5f}).requires_gradient();
  const auto [loss, accuracy] = softmax_cross_entropy(logits, labels(context, {0, 0, 0}));
  CHECK(loss.item() == doctest::Approx((0 + 2e4 + std::log1p(std::exp(-0.5))) / 3).epsilon(1e-7));
  CHECK(accuracy.item() == doctest::Approx(2.0 / 3));
  backward(loss);
  const double p = 1 / (1 + std::exp(0.5));
  tests::expect_close(logits.gradient().to_host<float>(), {0, 0, -1.0 / 3, 1.0 / 3, -p / 3, p / 3}, 1e-7);

  // The third row's loss is small in the sum above; alone it is checked more exactly.
  const Tensor near = Tensor::from<float>(context, {1, 2}, {1e4f, 1e4f - 0.5f});
  CHECK(softmax_cross_entropy(near, labels(context, {0})).loss.item() ==
        doctest::Approx(std::log1p(std::exp(-0.5))).epsilon(1e-6));
}

TEST_CASE("softmax_cross_entropy: a class that is ruled out by -inf costs nothing where it is not wanted") {
  const Context context = kernels::make_context();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Tensor logits = Tensor::from<float>(context, {1, 3}, {0, -kInfinity, 0}).requires_gradient();
  const Tensor loss = softmax_cross_entropy(logits, labels(context, {2})).loss;
  CHECK(loss.item() == doctest::Approx(std::log(2.0)).epsilon(1e-7));
  backward(loss);
  CHECK(logits.gradient().to_host<float>() == std::vector<float>{0.5f, 0, -0.5f});
}

TEST_CASE("softmax_cross_entropy: a label outside the classes makes the loss and its row's gradient NaN") {
  const Context context = kernels::make_context();
  for (const std::int32_t bad :
       {-1, 3, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()}) {
    CAPTURE(bad);
    const Tensor logits = random_tensor(context, {2, 3}, 1).requires_gradient();
    const auto [loss, accuracy] = softmax_cross_entropy(logits, labels(context, {bad, 1}), 0.1f);
    CHECK(std::isnan(loss.item()));
    backward(loss);
    const std::vector<float> gradient = logits.gradient().to_host<float>();
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::isnan(gradient[i]));
    for (std::size_t i = 3; i < 6; ++i) CHECK(std::isfinite(gradient[i]));
  }
}

TEST_CASE("softmax_cross_entropy: NaN logits make the loss NaN wherever they are") {
  const Context context = kernels::make_context();
  for (std::size_t at = 0; at < 3; ++at) {
    std::vector<float> row = {1, 2, 3};
    row[at] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(softmax_cross_entropy(Tensor::from(context, {1, 3}, row), labels(context, {0})).loss.item()));
  }
}

TEST_CASE("softmax_cross_entropy: accuracy counts rows, takes the lowest of equals and has no gradient") {
  const Context context = kernels::make_context();
  const Tensor logits =
      Tensor::from<float>(context, {4, 3}, {1, 2, 0, /**/ 5, 5, 5, /**/ 0, 0, 1, /**/ 3, 1, 2}).requires_gradient();
  const Tensor accuracy = softmax_cross_entropy(logits, labels(context, {1, 0, 2, 2})).accuracy;
  CHECK(accuracy.item() == 0.75f);
  // Of equal targets, each is right.
  const Tensor shares = Tensor::from<float>(context, {4, 3}, {0.5f, 0.5f, 0, 0, 0.5f, 0.5f, 0.5f, 0, 0.5f, 1, 0, 0});
  CHECK(softmax_cross_entropy(logits, shares).accuracy.item() == 0.75f);
  CHECK_FALSE(accuracy.wants_gradient());
}

TEST_CASE("softmax_cross_entropy: bf16 logits give an f32 loss and a bf16 gradient") {
  const Context context = kernels::make_context();
  const Tensor logits = random_tensor(context, {4, 5}, 1, Dtype::bf16).requires_gradient();
  const Tensor loss = softmax_cross_entropy(logits, labels(context, {0, 1, 2, 3})).loss;
  CHECK(loss.dtype() == Dtype::f32);
  backward(loss);
  CHECK(logits.gradient().dtype() == Dtype::bf16);
}

TEST_CASE("softmax_cross_entropy: says what does not fit") {
  const Context context = kernels::make_context();
  const Tensor logits = Tensor::zeros(context, {2, 3});
  CHECK_THROWS_WITH_AS(
      softmax_cross_entropy(logits, labels(context, {0})),
      "softmax_cross_entropy: for logits [2,3], targets must be [2] of i32 or [2,3] of f32, got [1] of i32", Error);
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(Tensor::zeros(context, {0, 3}), labels(context, {})),
                       "softmax_cross_entropy: logits must be [N,K] with at least one row and one class, got [0,3]",
                       Error);
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(logits, labels(context, {0, 1}), 1),
                       "softmax_cross_entropy: label smoothing must be in [0,1), got 1", Error);
}
