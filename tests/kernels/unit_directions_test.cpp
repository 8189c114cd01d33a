#include "tests/cases/unit_directions.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/cases/run_on_cpu.h"

using engine::Context;
using engine::Tensor;

namespace {

std::vector<float> draw(const Context& context, std::int64_t first, std::int64_t m, std::int64_t d, std::uint64_t seed,
                        std::int32_t step) {
  const Tensor directions = Tensor::empty(context, {m, d}), at = Tensor::from<std::int32_t>(context, {1}, {step});
  kernels::unit_directions(context, {.seed = seed, .step = at, .first = first, .directions = directions});
  return directions.to_host<float>();
}

}  // namespace

TEST_CASE("unit_directions kernel: the definition's directions") {
  tests::run_on_cpu(tests::unit_directions_cases(), kernels::unit_directions);
}

TEST_CASE("unit_directions kernel: a direction does not depend on its neighbours, seeds and steps have their own") {
  const Context context = kernels::make_context();
  const std::vector<float> all = draw(context, 0, 9, 7, 1, 5), part = draw(context, 4, 3, 7, 1, 5);
  CHECK(std::equal(part.begin(), part.end(), all.begin() + 4 * 7));
  CHECK(all != draw(context, 0, 9, 7, 2, 5));
  CHECK(all != draw(context, 0, 9, 7, 1, 6));
}

TEST_CASE("unit_directions kernel: directions are uniform: their mean and covariance are those of the sphere") {
  const Context context = kernels::make_context();
  constexpr std::int64_t kM = 40'000, kD = 5;
  const std::vector<float> directions = draw(context, 0, kM, kD, 3, 0);
  for (std::size_t a = 0; a < kD; ++a) {
    double mean = 0;
    for (std::size_t i = a; i < directions.size(); i += kD) mean += directions[i] / static_cast<double>(kM);
    CHECK(std::abs(mean) < 5 / std::sqrt(kD * static_cast<double>(kM)));
    for (std::size_t b = 0; b < kD; ++b) {
      double product = 0;
      for (std::size_t i = 0; i < directions.size(); i += kD) {
        product += static_cast<double>(directions[i + a]) * directions[i + b] / static_cast<double>(kM);
      }
      CHECK(std::abs(product - (a == b ? 1.0 / kD : 0)) < 5 * 0.3 / std::sqrt(static_cast<double>(kM)));
    }
  }
}
