#include "kernels/directions.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "kernels/runtime/philox.h"
#include "tests/cases/directions.h"
#include "tests/cases/run_on_cpu.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;

namespace {

std::vector<float> drawn(const Context& context, std::int64_t k, std::int64_t d, std::uint64_t seed,
                         std::int32_t step) {
  const tests::GuardedTensor directions(context, {k, d});
  const Tensor at = Tensor::from<std::int32_t>(context, {1}, {step});
  kernels::draw_directions(context, {.seed = seed, .step = at, .directions = directions});
  return directions.checked().to_host<float>();
}

double dot(const std::vector<float>& rows, std::int64_t d, std::int64_t a, std::int64_t b) {
  double sum = 0;
  for (std::int64_t i = 0; i < d; ++i) {
    sum += static_cast<double>(rows[static_cast<std::size_t>(a * d + i)]) * rows[static_cast<std::size_t>(b * d + i)];
  }
  return sum;
}

}  // namespace

TEST_CASE("draw_directions: the definition's directions") {
  tests::run_on_cpu(tests::draw_directions_cases(), kernels::draw_directions);
}

TEST_CASE("draw_directions: orthonormal, and the Q of G = QR with a positive diagonal of R") {
  const Context context = kernels::make_context({.device = {}, .threads = 3});
  const std::pair<std::int64_t, std::int64_t> sizes[] = {{1, 1},   {1, 7},     {5, 5},    {3, 64},
                                                         {64, 64}, {127, 128}, {130, 131}};
  for (const auto& size : sizes) {
    const std::int64_t k = size.first, d = size.second;
    CAPTURE(k);
    CAPTURE(d);
    const std::vector<float> rows = drawn(context, k, d, 7, 3);
    // R = Q^T G: zero below its diagonal, which is positive. This and orthogonality determine Q.
    double worst = 0, below = 0, least = INFINITY;
    for (std::int64_t j = 0; j < k; ++j) {
      engine::Philox random(7, engine::Purpose::directions, static_cast<std::uint32_t>(j), 3);
      std::vector<float> g;
      for (std::int64_t i = 0; i < d; ++i) g.push_back(static_cast<float>(random.normal()));
      for (std::int64_t i = 0; i < k; ++i) {
        worst = std::max(worst, std::abs(dot(rows, d, i, j) - (i == j ? 1.0 : 0.0)));
        double r = 0;
        for (std::int64_t c = 0; c < d; ++c) {
          r += static_cast<double>(rows[static_cast<std::size_t>(i * d + c)]) * g[static_cast<std::size_t>(c)];
        }
        if (i > j) below = std::max(below, std::abs(r));
        if (i == j) least = std::min(least, r);
      }
    }
    CHECK(worst < 1e-6);
    CHECK(below < 3e-6);
    CHECK(least > 0);
  }
}

TEST_CASE("draw_directions: other seeds and steps give others, no step is step 0, and threads change nothing") {
  const Context one = kernels::make_context({.device = {}, .threads = 1});
  const std::vector<float> first = drawn(one, 9, 20, 1, 0);
  CHECK(first != drawn(one, 9, 20, 1, 1));
  CHECK(first != drawn(one, 9, 20, 2, 0));
  const Tensor fixed = Tensor::empty(one, {9, 20});
  kernels::draw_directions(one, {.seed = 1, .step = {}, .directions = fixed});
  CHECK(fixed.to_host<float>() == first);
  const std::vector<float> fewer = drawn(one, 4, 20, 1, 0);  // the first of the same matrix
  CHECK(std::equal(fewer.begin(), fewer.end(), first.begin()));
  const Context three = kernels::make_context({.device = {}, .threads = 3});
  CHECK(drawn(three, 9, 20, 1, 0) == first);
}

TEST_CASE("draw_directions: evenly distributed, by first and second moments over many steps") {
  const Context context = kernels::make_context({.device = {}, .threads = 1});
  constexpr std::int64_t kD = 5;
  constexpr int kSteps = 4000;
  std::vector<double> mean(kD * kD), square(kD * kD);
  double determinant_signs = 0;
  for (std::int32_t step = 0; step < kSteps; ++step) {
    const std::vector<float> w = drawn(context, kD, kD, 3, step);
    for (std::size_t i = 0; i < w.size(); ++i) {
      mean[i] += static_cast<double>(w[i]) / kSteps;
      square[i] += static_cast<double>(w[i]) * w[i] / kSteps;
    }
    // Rotations and reflections are equally likely: the sign of the determinant, by elimination.
    std::vector<double> m(w.begin(), w.end());
    double sign = 1;
    for (std::int64_t c = 0; c < kD; ++c) {
      std::int64_t pivot = c;
      for (std::int64_t r = c; r < kD; ++r) {
        if (std::abs(m[static_cast<std::size_t>(r * kD + c)]) > std::abs(m[static_cast<std::size_t>(pivot * kD + c)]))
          pivot = r;
      }
      if (pivot != c) {
        for (std::int64_t i = 0; i < kD; ++i)
          std::swap(m[static_cast<std::size_t>(pivot * kD + i)], m[static_cast<std::size_t>(c * kD + i)]);
        sign = -sign;
      }
      const double diagonal = m[static_cast<std::size_t>(c * kD + c)];
      if (diagonal < 0) sign = -sign;
      for (std::int64_t r = c + 1; r < kD; ++r) {
        const double ratio = m[static_cast<std::size_t>(r * kD + c)] / diagonal;
        for (std::int64_t i = c; i < kD; ++i)
          m[static_cast<std::size_t>(r * kD + i)] -= ratio * m[static_cast<std::size_t>(c * kD + i)];
      }
    }
    determinant_signs += sign / kSteps;
  }
  // An entry has mean 0 and variance 1/d; its square has variance 2 (d - 1) / (d^2 (d + 2)). Five standard errors.
  const double d = kD;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(mean[i]) < 5 * std::sqrt(1 / d / kSteps));
    CHECK(std::abs(square[i] - 1 / d) < 5 * std::sqrt(2 * (d - 1) / (d * d * (d + 2)) / kSteps));
  }
  CHECK(std::abs(determinant_signs) < 5 / std::sqrt(static_cast<double>(kSteps)));
}

TEST_CASE("draw_directions: more directions than dimensions are refused") {
  const Context context = kernels::make_context();
  const Tensor directions = Tensor::empty(context, {4, 3});
  CHECK_THROWS_WITH_AS(kernels::draw_directions(context, {.seed = 1, .step = {}, .directions = directions}),
                       "draw_directions: directions must be f32 [k,d] with k <= d, since no more than d directions are "
                       "orthogonal, got f32 [4,3]",
                       engine::Error);
}
