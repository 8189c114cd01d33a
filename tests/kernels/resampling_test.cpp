#include "kernels/resampling.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using kernels::Interpolation;

namespace {

std::vector<double> resized(const std::vector<double>& row, std::int32_t out, Interpolation interpolation) {
  std::vector<double> values;
  for (std::int32_t i = 0; i < out; ++i) {
    const auto taps = kernels::resample_taps(i, static_cast<std::int32_t>(row.size()), out, interpolation);
    double sum = 0;
    for (int k = 0; k < taps.count; ++k)
      sum += static_cast<double>(taps.weight[k]) * row[static_cast<std::size_t>(taps.first + k)];
    values.push_back(sum);
  }
  return values;
}

void check(const std::vector<double>& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(actual[i] - expected[i]) < 1e-5);
}

}  // namespace

TEST_CASE("resampling: known values of five pixels made eight and three") {
  const std::vector<double> squares = {0, 1, 4, 9, 16};
  check(resized(squares, 8, Interpolation::bilinear), {0, .4375, 1.1875, 3.0625, 5.5625, 8.6875, 12.9375, 16});
  check(resized(squares, 3, Interpolation::bilinear), {1 / 3.0, 4, 41 / 3.0});
  check(resized(squares, 8, Interpolation::bicubic),
        {-.07196, .24375, 1.12891, 2.84766, 5.34766, 8.62891, 13.48818, 16.50369});
  check(resized(squares, 3, Interpolation::bicubic), {.17221, 4, 14.2436});
}

TEST_CASE("resampling: long rows fit into small views") {
  CHECK(kernels::can_resample(kernels::kMostPixels, kernels::kMostPixels));
  CHECK(kernels::can_resample(4'000'000, 224));
  CHECK(!kernels::can_resample(5'000'000, 224));
  CHECK(!kernels::can_resample(60'000, 20'000));
}

TEST_CASE("resampling: taps lie inside the row, their weights sum to 1, and equal sizes change nothing") {
  const std::int32_t sizes[] = {1, 2, 3, 4, 5, 31, 224, 500, kernels::kMostPixels};
  for (const Interpolation interpolation : {Interpolation::bilinear, Interpolation::bicubic}) {
    for (const std::int32_t in : sizes) {
      for (const std::int32_t out : sizes) {
        for (std::int32_t i = 0; i < out; i += std::max(1, out / 97)) {
          const auto taps = kernels::resample_taps(i, in, out, interpolation);
          CAPTURE(in);
          CAPTURE(out);
          CAPTURE(i);
          CHECK(taps.count == kernels::taps_of(interpolation, in));
          CHECK(taps.first >= 0);
          CHECK(taps.first + taps.count <= in);
          double sum = 0;
          for (int k = 0; k < taps.count; ++k) {
            sum += static_cast<double>(taps.weight[k]);
            if (in == out) CHECK(taps.weight[k] == (taps.first + k == i ? 1 : 0));
          }
          CHECK(std::abs(sum - 1) < 3e-7);
        }
      }
    }
  }
}
