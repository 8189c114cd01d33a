#include "engine/ops/batch_norm.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/linear.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

namespace {

RunningStatistics running(const Context& context, std::int64_t channels) {
  return {Tensor::from(context, {channels}, std::vector<float>(static_cast<std::size_t>(channels), 0.25f)),
          Tensor::from(context, {channels}, std::vector<float>(static_cast<std::size_t>(channels), 2.0f)),
          Tensor::zeros(context, {}, Dtype::i64)};
}

struct Reference {
  std::vector<double> y, mean, variance;
};

Reference reference(const std::vector<float>& x, const std::vector<float>& gamma, const std::vector<float>& beta,
                    const std::vector<float>& residual, bool relu, double epsilon) {
  const std::size_t channels = gamma.size(), rows = x.size() / channels;
  Reference result{std::vector<double>(x.size()), std::vector<double>(channels), std::vector<double>(channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < rows; ++i) result.mean[c] += x[i * channels + c] / static_cast<double>(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      result.variance[c] += std::pow(x[i * channels + c] - result.mean[c], 2) / static_cast<double>(rows);
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t at = i * channels + c;
      double z = gamma[c] * (x[at] - result.mean[c]) / std::sqrt(result.variance[c] + epsilon) + beta[c];
      if (!residual.empty()) z += residual[at];
      result.y[at] = relu ? std::max(0.0, z) : z;
    }
  }
  return result;
}

}  // namespace

TEST_CASE(
    "batch_norm: training equals the definition, fused with residual and ReLU, and updates the running averages") {
  const Context context = kernels::make_context();
  for (const Shape& shape : {Shape{4, 1}, Shape{7, 5}, Shape{3, 5, 7, 32}, Shape{1000, 13}, Shape{2, 33, 40, 20}}) {
    for (const bool relu : {false, true}) {
      for (const bool with_residual : {false, true}) {
        CAPTURE(shape);
        CAPTURE(relu);
        CAPTURE(with_residual);
        const std::int64_t channels = shape.cols();
        const Tensor x = random_tensor(context, shape, 1), gamma = random_tensor(context, {channels}, 2),
                     beta = random_tensor(context, {channels}, 3);
        const Tensor residual = with_residual ? random_tensor(context, shape, 4) : Tensor();
        const RunningStatistics statistics = running(context, channels);
        const BatchNormOptions options{.epsilon = 1e-3f, .momentum = 0.75f, .unbiased_variance = relu};
        const Tensor y = batch_norm(x, gamma, beta, statistics, Mode::train, options, {residual, relu});
        const Reference expected =
            reference(x.to_host<float>(), gamma.to_host<float>(), beta.to_host<float>(),
                      with_residual ? residual.to_host<float>() : std::vector<float>(), relu, options.epsilon);
        tests::expect_close(y.to_host<float>(), expected.y, 2e-6);
        const double n = static_cast<double>(shape.rows()), correction = relu ? n / (n - 1) : 1;
        std::vector<double> mean, variance;
        for (const double m : expected.mean) mean.push_back(0.75 * 0.25 + 0.25 * m);
        for (const double v : expected.variance) variance.push_back(0.75 * 2.0 + 0.25 * v * correction);
        tests::expect_close(statistics.mean.to_host<float>(), mean, 1e-6);
        tests::expect_close(statistics.variance.to_host<float>(), variance, 1e-6);
        CHECK(statistics.batches.to_host<std::int64_t>().front() == 1);
        const RunningStatistics again = running(context, channels);
        CHECK(y.to_host<float>() ==
              batch_norm(x, gamma, beta, again, Mode::train, options, {residual, relu}).to_host<float>());
      }
    }
  }
}

TEST_CASE("batch_norm: in bf16 it computes in f32 and rounds images once") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  for (const Shape& shape : {Shape{4, 1}, Shape{7, 5}, Shape{3, 5, 7, 32}, Shape{1000, 13}, Shape{2, 33, 40, 20}}) {
    for (const bool relu : {false, true}) {
      for (const bool with_residual : {false, true}) {
        CAPTURE(shape);
        CAPTURE(relu);
        CAPTURE(with_residual);
        const std::int64_t channels = shape.cols();
        const auto run = [&](const Tensor& x, const Tensor& residual, const Tensor& dy) {
          const Tensor gamma = random_tensor(context, {channels}, 2).requires_gradient(),
                       beta = random_tensor(context, {channels}, 3).requires_gradient();
          const Tensor y =
              batch_norm(x, gamma, beta, running(context, channels), Mode::train, {.epsilon = 1e-3f}, {residual, relu});
          backward(y, dy);
          std::vector<std::vector<float>> results{tests::to_floats(y), tests::to_floats(x.gradient()),
                                                  gamma.gradient().to_host<float>(), beta.gradient().to_host<float>()};
          if (residual) results.push_back(tests::to_floats(residual.gradient()));
          return results;
        };
        const Tensor x = random_tensor(context, shape, 1, Dtype::bf16),
                     dy = random_tensor(context, shape, 5, Dtype::bf16);
        const Tensor residual = with_residual ? random_tensor(context, shape, 4, Dtype::bf16) : Tensor();
        const auto as_f32 = [&](const Tensor& t) { return Tensor::from(context, shape, tests::to_floats(t)); };
        const auto leaf = [](const Tensor& t) { return t ? t.requires_gradient() : t; };
        const auto actual = run(leaf(x), leaf(residual), dy);
        const auto expected = run(leaf(as_f32(x)), residual ? leaf(as_f32(residual)) : Tensor(), as_f32(dy));
        for (std::size_t i = 0; i < actual.size(); ++i) {
          CAPTURE(i);
          const bool statistics = i == 2 || i == 3;
          tests::expect_close(actual[i], {expected[i].begin(), expected[i].end()}, statistics ? 1e-5 : 0x1p-8 + 1e-5);
        }
        CHECK(run(leaf(x), leaf(residual), dy) == actual);
      }
    }
  }
}

TEST_CASE("batch_norm: a mean a thousand times the deviation keeps its variance") {
  const Context context = kernels::make_context();
  std::vector<float> values = tests::random_values(4096, 5);
  for (float& v : values) v += 1000;
  const Tensor x = Tensor::from(context, {4096, 1}, values);
  const Tensor gamma = Tensor::from(context, {1}, std::vector<float>{1}), beta = Tensor::zeros(context, {1});
  const Tensor y = batch_norm(x, gamma, beta, running(context, 1), Mode::train, {});
  tests::expect_close(y.to_host<float>(), reference(values, {1}, {0}, {}, false, 1e-5).y, 5e-4);  // ulp(1000) = 6e-5
}

TEST_CASE("batch_norm: inference uses the running averages and leaves them alone") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {6, 3}, 1), gamma = random_tensor(context, {3}, 2),
               beta = random_tensor(context, {3}, 3);
  const RunningStatistics statistics = running(context, 3);
  const auto xs = x.to_host<float>(), gs = gamma.to_host<float>(), bs = beta.to_host<float>();
  std::vector<double> expected;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    expected.push_back(gs[i % 3] * (xs[i] - 0.25) / std::sqrt(2.0 + 1e-5) + bs[i % 3]);
  }
  tests::expect_close(batch_norm(x, gamma, beta, statistics, Mode::evaluate, {}).to_host<float>(), expected, 1e-6);
  CHECK(statistics.mean.to_host<float>() == std::vector<float>(3, 0.25f));
  CHECK(statistics.batches.to_host<std::int64_t>().front() == 0);
}

TEST_CASE("batch_norm: gradients of x, gamma, beta and residual match central differences") {
  const Context context = kernels::make_context();
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    for (const bool relu : {false, true}) {
      CAPTURE(relu);
      // With ReLU only few elements may change their sign within a step: one of 80 elements stays within the tolerance.
      const tests::GradientCheck options{.step = relu ? 2e-4 : 1e-2, .tolerance = relu ? 1e-2 : 2e-3};
      tests::check_gradients(
          [&](const auto& in) {
            return batch_norm(in[0], in[1], in[2], running(context, 4), mode, {.epsilon = 1e-3f}, {in[3], relu});
          },
          {random_tensor(context, {5, 2, 2, 4}, 1), random_tensor(context, {4}, 2), random_tensor(context, {4}, 3),
           random_tensor(context, {5, 2, 2, 4}, 4)},
          options);
      tests::check_gradients(
          [&](const auto& in) {
            return batch_norm(in[0], in[1], {}, running(context, 4), mode, {.epsilon = 1e-3f}, {.relu = relu});
          },
          {random_tensor(context, {20, 4}, 1), random_tensor(context, {4}, 2)}, options);
    }
  }
}

TEST_CASE("batch_norm: x used elsewhere too accumulates its gradient") {
  const Context context = kernels::make_context();
  tests::check_gradients(
      [&](const auto& in) {
        return batch_norm(in[0], in[1], {}, running(context, 4), Mode::train, {.epsilon = 1e-3f},
                          {.residual = in[0], .relu = false});
      },
      {random_tensor(context, {20, 4}, 1), random_tensor(context, {4}, 2)});
}

TEST_CASE("batch_norm: names shapes that do not fit") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {2, 3});
  CHECK_THROWS_WITH_AS(batch_norm(x, Tensor::zeros(context, {4}), {}, running(context, 4), Mode::train, {}),
                       "batch_norm: x must be [...,C] with gamma and beta [C], got x [2,3] and gamma [4]", Error);
}
