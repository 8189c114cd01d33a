#include "kernels/batch_norm.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Dtype;
using engine::Shape;
using engine::Tensor;
using tests::GuardedTensor;
using tests::random_tensor;

namespace {

/// For each channel: count, mean, and sum of squares around the mean.
using Moments = std::vector<double>;

Moments moments_of(const Tensor& x) {
  const GuardedTensor moments(x.context(), {3, x.shape().cols()}, Dtype::f64);
  kernels::batch_norm_moments(x.context(), {.x = x, .moments = moments});
  return moments.checked().to_host<double>();
}

/// The definition, in long double.
Moments definition(const std::vector<float>& x, std::size_t channels) {
  const std::size_t rows = x.size() / channels;
  Moments result(3 * channels);
  for (std::size_t c = 0; c < channels; ++c) {
    long double mean = 0, squares = 0;
    for (std::size_t i = 0; i < rows; ++i) mean += static_cast<long double>(x[i * channels + c]) / rows;
    for (std::size_t i = 0; i < rows; ++i) {
      const long double d = x[i * channels + c] - mean;
      squares += d * d;
    }
    result[c] = static_cast<double>(rows);
    result[channels + c] = static_cast<double>(mean);
    result[2 * channels + c] = static_cast<double>(squares);
  }
  return result;
}

/// The moments of the rows of both (Chan, Golub & LeVeque 1979), as ranks merge them.
Moments merged(const Moments& a, const Moments& b) {
  const std::size_t channels = a.size() / 3;
  Moments result(a.size());
  for (std::size_t c = 0; c < channels; ++c) {
    const double rows = a[c] + b[c], delta = b[channels + c] - a[channels + c];
    result[c] = rows;
    result[channels + c] = a[channels + c] + delta * b[c] / rows;
    result[2 * channels + c] = a[2 * channels + c] + b[2 * channels + c] + delta * delta * a[c] * b[c] / rows;
  }
  return result;
}

struct Finished {
  std::vector<float> mean, inv_std, running_mean, running_variance;
  std::int64_t batches;
  bool operator==(const Finished&) const = default;
};

Finished finish(const Context& context, const Moments& moments, bool unbiased = false) {
  const auto channels = static_cast<std::int64_t>(moments.size() / 3);
  const auto filled = [&](float value) {
    return GuardedTensor(Tensor::from(context, {channels}, std::vector(static_cast<std::size_t>(channels), value)));
  };
  const GuardedTensor mean = filled(7), inv_std = filled(7), running_mean = filled(0.25f), running_variance = filled(2);
  const Tensor batches = Tensor::from(context, Shape(), std::vector<std::int64_t>{41});
  kernels::batch_norm_finish(context, {.moments = Tensor::from(context, {3, channels}, moments),
                                       .mean = mean,
                                       .inv_std = inv_std,
                                       .running_mean = running_mean,
                                       .running_variance = running_variance,
                                       .batches = batches,
                                       .epsilon = 1e-3f,
                                       .momentum = 0.75f,
                                       .unbiased = unbiased});
  const auto floats = [](const GuardedTensor& t) { return t.checked().to_host<float>(); };
  return {floats(mean), floats(inv_std), floats(running_mean), floats(running_variance),
          batches.to_host<std::int64_t>().front()};
}

void check_moments(const Moments& actual, const Moments& expected, double tolerance) {
  REQUIRE(actual.size() == expected.size());
  const std::size_t channels = actual.size() / 3;
  for (std::size_t c = 0; c < channels; ++c) {
    CAPTURE(c);
    CHECK(actual[c] == expected[c]);
    const double deviation = std::sqrt(expected[2 * channels + c] / expected[c]);
    CHECK(std::abs(actual[channels + c] - expected[channels + c]) <= tolerance * deviation);
    CHECK(std::abs(actual[2 * channels + c] - expected[2 * channels + c]) <= tolerance * expected[2 * channels + c]);
  }
}

}  // namespace

TEST_CASE("batch_norm_moments: count, mean and squares around it are the definition's, for any number of threads") {
  for (const Shape& shape : {Shape{1, 3}, Shape{7, 5}, Shape{128, 1}, Shape{129, 16}, Shape{3, 50, 7, 33}}) {
    CAPTURE(shape);
    Moments of_one_thread;
    for (const int threads : {1, 2, 3}) {
      const Context context = kernels::make_context({.device = {}, .threads = threads});
      for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
        const Tensor x = random_tensor(context, shape, 1, dtype);
        check_moments(moments_of(x), definition(tests::to_floats(x), static_cast<std::size_t>(shape.cols())), 2e-6);
      }
      const Moments moments = moments_of(random_tensor(context, shape, 1));
      if (threads == 1) of_one_thread = moments;
      CHECK(moments == of_one_thread);
    }
  }
}

TEST_CASE("batch_norm_moments: a mean a million times the deviation leaves the squares their digits") {
  const Context context = kernels::make_context();
  constexpr std::int64_t kRows = 10'000;
  std::vector<float> values = tests::random_values(kRows, 3);
  for (float& value : values) value = 1e4f + 1e-2f * value;
  const Moments expected = definition(values, 1);
  check_moments(moments_of(Tensor::from(context, {kRows, 1}, values)), expected, 2e-6);

  float sum = 0, squares = 0;  // the wrong way to compute them
  for (const float value : values) sum += value, squares += value * value;
  const float naive = squares / kRows - (sum / kRows) * (sum / kRows);
  CHECK(std::abs(naive - expected[2] / kRows) > expected[2] / kRows);
}

TEST_CASE("batch_norm: moments of two halves, merged, give what the whole gives, forward and backward") {
  const Context context = kernels::make_context();
  constexpr std::int64_t kRows = 300, kFirst = 110, kChannels = 6;
  const Tensor x = random_tensor(context, {kRows, kChannels}, 1), dy = random_tensor(context, {kRows, kChannels}, 2);
  const Tensor gamma = random_tensor(context, {kChannels}, 3), beta = random_tensor(context, {kChannels}, 4);
  const Moments whole = moments_of(x),
                both = merged(moments_of(x.narrow(0, kFirst)), moments_of(x.narrow(kFirst, kRows - kFirst)));
  check_moments(both, whole, 2e-6);
  const Finished expected = finish(context, whole), actual = finish(context, both);
  tests::expect_close(actual.mean, {expected.mean.begin(), expected.mean.end()}, 1e-6);
  tests::expect_close(actual.inv_std, {expected.inv_std.begin(), expected.inv_std.end()}, 1e-6);

  const Tensor mean = Tensor::from(context, {kChannels}, expected.mean),
               inv_std = Tensor::from(context, {kChannels}, expected.inv_std);
  const auto sums_of = [&](const Tensor& inputs, const Tensor& gradients) {
    const Tensor sums = Tensor::empty(context, {2, kChannels});
    kernels::batch_norm_backward_sums(context, {.x = inputs,
                                                .dy = gradients,
                                                .y = {},
                                                .mean = mean,
                                                .inv_std = inv_std,
                                                .gamma = gamma,
                                                .beta = beta,
                                                .sums = sums,
                                                .dgamma = {},
                                                .dbeta = {},
                                                .relu = true});
    return sums.to_host<float>();
  };
  const auto gradient_of = [&](const Tensor& inputs, const Tensor& gradients, const std::vector<float>& sums) {
    const Tensor dx = Tensor::empty(context, inputs.shape());
    kernels::batch_norm_backward_apply(
        context, {.x = inputs,
                  .dy = gradients,
                  .y = {},
                  .mean = mean,
                  .inv_std = inv_std,
                  .gamma = gamma,
                  .beta = beta,
                  .sums = Tensor::from(context, {2, kChannels}, sums),
                  .rows = Tensor::from(context, {1, kChannels}, Moments(both.begin(), both.begin() + kChannels)),
                  .dx = {dx},
                  .dresidual = {},
                  .relu = true});
    return dx.to_host<float>();
  };
  std::vector<float> sums = sums_of(x.narrow(0, kFirst), dy.narrow(0, kFirst));
  const std::vector<float> others = sums_of(x.narrow(kFirst, kRows - kFirst), dy.narrow(kFirst, kRows - kFirst));
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += others[i];
  std::vector<float> dx = gradient_of(x.narrow(0, kFirst), dy.narrow(0, kFirst), sums);
  const std::vector<float> rest =
      gradient_of(x.narrow(kFirst, kRows - kFirst), dy.narrow(kFirst, kRows - kFirst), sums);
  dx.insert(dx.end(), rest.begin(), rest.end());
  const std::vector<float> of_whole = gradient_of(x, dy, sums_of(x, dy));
  tests::expect_close(dx, {of_whole.begin(), of_whole.end()}, 1e-6);
}

TEST_CASE("batch_norm_finish: moves the running averages by the batch, with its biased or unbiased variance") {
  const Context context = kernels::make_context();
  const Moments moments{5, 5, -2, 3, 10, 0};  // two channels of 5 rows: means -2 and 3, squares 10 and 0
  for (const bool unbiased : {false, true}) {
    CAPTURE(unbiased);
    const Finished result = finish(context, moments, unbiased);
    CHECK(result.mean == std::vector<float>{-2, 3});
    tests::expect_close(result.inv_std, {1 / std::sqrt(2 + 1e-3), 1 / std::sqrt(1e-3)}, 1e-6);
    tests::expect_close(result.running_mean, {0.75 * 0.25 - 0.25 * 2, 0.75 * 0.25 + 0.25 * 3}, 1e-7);
    tests::expect_close(result.running_variance, {0.75 * 2 + 0.25 * (unbiased ? 2.5 : 2), 0.75 * 2}, 1e-7);
    CHECK(result.batches == 42);
  }
  CHECK(finish(context, {1, 4, 0}, true).running_variance == std::vector<float>{1.5f});  // one row has no variance
}

TEST_CASE("batch_norm: no rows are moments of zero, which leave the running averages alone") {
  const Context context = kernels::make_context();
  const Moments none = moments_of(Tensor::empty(context, {0, 2}));
  CHECK(none == Moments(6));
  const Finished result = finish(context, none);
  CHECK(result.running_mean == std::vector<float>(2, 0.25f));
  CHECK(result.running_variance == std::vector<float>(2, 2));
  CHECK(result.batches == 41);
}

TEST_CASE("batch_norm_merge: parts of a batch have the moments of the whole, also with empty parts") {
  const Context context = kernels::make_context();
  constexpr std::int64_t kRows = 1000, kChannels = 5;
  std::vector<float> values = tests::random_values(kRows * kChannels, 4);
  for (float& value : values) value = 1e3f + 1e-1f * value;
  const Tensor x = Tensor::from(context, {kRows, kChannels}, values);
  const std::vector<std::int64_t> cuts{0, 0, 3, 400, 400, 401, kRows, kRows};
  const auto parts = static_cast<std::int64_t>(cuts.size()) - 1;
  const Tensor all = Tensor::empty(context, {parts, 3, kChannels}, Dtype::f64);
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t begin = cuts[static_cast<std::size_t>(part)], end = cuts[static_cast<std::size_t>(part) + 1];
    const Tensor moments = all.narrow(part, 1).view_as({3, kChannels});
    kernels::batch_norm_moments(context, {.x = x.narrow(begin, end - begin), .moments = moments});
  }
  const GuardedTensor merged(Tensor::empty(context, {3, kChannels}, Dtype::f64));
  kernels::batch_norm_merge(context, {.parts = all, .moments = merged});
  check_moments(merged.checked().to_host<double>(), definition(values, kChannels), 2e-6);
}

TEST_CASE("batch_norm_merge: no rows at all have no moments, and NaN is not lost") {
  const Context context = kernels::make_context();
  const auto merge = [&](const Moments& parts, std::int64_t count) {
    const Tensor moments = Tensor::empty(context, {3, 1}, Dtype::f64);
    kernels::batch_norm_merge(context, {.parts = Tensor::from(context, {count, 3, 1}, parts), .moments = moments});
    return moments.to_host<double>();
  };
  CHECK(merge({0, 0, 0, 0, 0, 0}, 2) == Moments{0, 0, 0});
  CHECK(merge({2, 5, 1, 2, 7, 3}, 2) == Moments{4, 6, 8});  // 1 + 3 + 2^2 (2 2 / 4)
  CHECK(std::isnan(merge({2, 5, 1, 2, std::nan(""), 3}, 2)[1]));
}
