#include "apps/evaluation/column_scaling.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

namespace {

/// Columns: about a mean of 1000, constant, constant but for rounding, about 0.
std::vector<float> columns(std::int64_t rows, std::uint64_t seed) {
  std::vector<float> values;
  for (const float value : tests::random_values(rows, seed)) {
    values.insert(values.end(), {1000 + value, 3, value > 0 ? 3 : std::nextafter(3.0f, 4.0f), value / 100});
  }
  return values;
}

}  // namespace

TEST_CASE("column scaling: standardised columns have mean 0 and deviation 1, and constant ones are 0 in any rows") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kRows = 700;
  const std::vector<float> values = columns(kRows, 1);
  const Tensor rows = Tensor::from(context, {kRows, 4}, values);
  const ColumnMoments moments = ColumnMoments::of(rows);
  for (std::size_t column = 0; column < 4; ++column) {
    CAPTURE(column);
    double mean = 0, variance = 0;
    for (std::size_t i = column; i < values.size(); i += 4) mean += static_cast<double>(values[i]) / kRows;
    for (std::size_t i = column; i < values.size(); i += 4)
      variance += std::pow(static_cast<double>(values[i]) - mean, 2) / kRows;
    CHECK(moments.mean[column] == doctest::Approx(mean).epsilon(1e-6));
    if (column % 3 == 0) CHECK(moments.variance[column] == doctest::Approx(variance).epsilon(1e-4));
  }
  const ColumnScaling scaling = ColumnScaling::standardize(context, moments);
  const std::vector<float> scaled = scaling(rows).to_host<float>();
  for (const std::size_t column : {0u, 3u}) {
    double mean = 0, square = 0;
    for (std::size_t i = column; i < scaled.size(); i += 4) {
      mean += static_cast<double>(scaled[i]) / kRows;
      square += std::pow(static_cast<double>(scaled[i]), 2) / kRows;
    }
    CHECK(std::abs(mean) < 1e-3);
    CHECK(square == doctest::Approx(1).epsilon(1e-3));
  }
  const std::vector<float> others =
      scaling(Tensor::from(context, {1, 4}, std::vector<float>{1000, 9, -9, 0})).to_host<float>();
  CHECK(others[1] == 0);
  CHECK(others[2] == 0);
}

TEST_CASE("column scaling: a classifier of scaled rows becomes one of rows as they are") {
  const engine::Context context = kernels::make_context();
  const Tensor rows = Tensor::from(context, {700, 4}, columns(700, 1));
  const ColumnScaling scaling = ColumnScaling::standardize(context, ColumnMoments::of(rows));
  std::vector<float> weight = tests::random_values(8, 2), bias{0.5f, -0.25f};
  const std::vector<float> scaled = scaling(rows).to_host<float>(), plain = rows.to_host<float>();
  const auto scores = [&](const std::vector<float>& of) {
    std::vector<double> result;
    for (std::size_t i = 0; i < of.size(); i += 4) {
      for (std::size_t k = 0; k < 2; ++k) {
        result.push_back(static_cast<double>(bias[k]));
        for (std::size_t j = 0; j < 4; ++j)
          result.back() += static_cast<double>(weight[4 * k + j]) * static_cast<double>(of[i + j]);
      }
    }
    return result;
  };
  const std::vector<double> expected = scores(scaled);
  scaling.fold_into(weight, bias);
  const std::vector<double> got = scores(plain);
  for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(std::abs(got[i] - expected[i]) < 2e-3);
}

TEST_CASE("column scaling: rows less their mean, times a factor") {
  const engine::Context context = kernels::make_context();
  const Tensor rows = Tensor::from(context, {2, 2}, std::vector<float>{1, 10, 3, 30});
  const ColumnScaling twice = ColumnScaling::centre(context, ColumnMoments::of(rows), 2);
  CHECK(twice(rows).to_host<float>() == std::vector<float>{-2, -20, 2, 20});
}
