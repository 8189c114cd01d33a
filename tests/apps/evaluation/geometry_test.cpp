#include "apps/evaluation/geometry.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

namespace {

Rows random_rows(std::int64_t count, std::int64_t columns, std::uint64_t seed) {
  return {.values = tests::random_values(count * columns, seed), .columns = columns};
}

double product(const Rows& rows, std::int64_t i, std::int64_t j) {
  double sum = 0;
  for (std::int64_t k = 0; k < rows.columns; ++k)
    sum += static_cast<double>(rows.row(i)[k]) * static_cast<double>(rows.row(j)[k]);
  return sum;
}
double squared_distance(const Rows& rows, std::int64_t i, std::int64_t j) {
  double sum = 0;
  for (std::int64_t k = 0; k < rows.columns; ++k) {
    const double difference = static_cast<double>(rows.row(i)[k]) - static_cast<double>(rows.row(j)[k]);
    sum += difference * difference;
  }
  return sum;
}

/// The mean of f(i, j) over the pairs i < j for which `counts(i, j)`; nothing if there is none.
template <class Counts, class Value>
std::optional<double> mean_over_pairs(std::int64_t rows, Counts&& counts, Value&& value) {
  double sum = 0, pairs = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = i + 1; j < rows; ++j) {
      if (!counts(i, j)) continue;
      sum += value(i, j);
      pairs += 1;
    }
  }
  return pairs > 0 ? std::optional(sum / pairs) : std::nullopt;
}

auto together(const Partition& parts) {
  return [&parts](std::int64_t i, std::int64_t j) {
    return parts.part_of_row[static_cast<std::size_t>(i)] == parts.part_of_row[static_cast<std::size_t>(j)];
  };
}

void check_equal(const std::optional<double>& got, const std::optional<double>& expected) {
  REQUIRE(got.has_value() == expected.has_value());
  if (got) CHECK(*got == doctest::Approx(*expected).epsilon(1e-6));
}

/// Images of 1 to 4 rows in an order without pattern.
Partition mixed_images(std::int64_t rows) {
  std::vector<std::int64_t> keys;
  for (std::int64_t i = 0; i < rows; ++i) keys.push_back(i * i % (rows / 2));
  return Partition::of(keys);
}

Partition two_views(std::int64_t n) {
  std::vector<std::int64_t> keys;
  for (std::int64_t i = 0; i < 2 * n; ++i) keys.push_back(i % n);
  return Partition::of(keys);
}

}  // namespace

TEST_CASE("geometry: unit rows have length 1 and their direction, centred ones that of the difference from the mean") {
  const Rows rows = random_rows(7, 5, 1), unit = unit_rows(rows), centred = centred_unit_rows(rows);
  for (std::int64_t i = 0; i < 7; ++i) {
    CHECK(product(unit, i, i) == doctest::Approx(1));
    const double length = std::sqrt(product(rows, i, i));
    for (int k = 0; k < 5; ++k) CHECK(unit.row(i)[k] * length == doctest::Approx(rows.row(i)[k]));
    CHECK(product(centred, i, i) == doctest::Approx(1));
  }
  Rows moved = rows;
  for (std::size_t i = 0; i < moved.values.size(); ++i) moved.values[i] += static_cast<float>(i % 5);
  const Rows again = centred_unit_rows(moved);
  for (std::size_t i = 0; i < moved.values.size(); ++i)
    CHECK(again.values[i] == doctest::Approx(centred.values[i]).epsilon(1e-5));
  CHECK(unit_rows({.values = {0, 1e-7f}, .columns = 2}).values == std::vector<float>{0, 0.1f});
}

TEST_CASE("geometry: the standard deviation of features, and of unit rows that spread over the sphere") {
  CHECK(mean_std({.values = {1, 10, 3, 10}, .columns = 2}) == doctest::Approx(0.5));
  CHECK(mean_std({.values = {4, 4, 4}, .columns = 1}) == 0);
  Rows normal = random_rows(4000, 32, 5);
  CHECK(mean_std(unit_rows(normal)) * std::sqrt(32.0) == doctest::Approx(1).epsilon(0.02));
}

TEST_CASE("geometry: alignment and cosines of every pair, by a loop over pairs") {
  for (const auto& images : {two_views(15), mixed_images(30), Partition::of({1, 2}), Partition::of({1, 1})}) {
    const std::int64_t size = images.rows();
    CAPTURE(size);
    const Rows unit = unit_rows(random_rows(size, 6, 2));
    const auto same = together(images);
    const auto other = [&](std::int64_t i, std::int64_t j) { return !same(i, j); };
    const auto cosine = [&](std::int64_t i, std::int64_t j) { return product(unit, i, j); };
    check_equal(alignment(unit, images),
                mean_over_pairs(size, same, [&](auto i, auto j) { return squared_distance(unit, i, j); }));
    check_equal(image_cosines(unit, images).same_image, mean_over_pairs(size, same, cosine));
    check_equal(image_cosines(unit, images).other_image, mean_over_pairs(size, other, cosine));
  }
  CHECK_THROWS_AS(alignment(random_rows(3, 2, 1), two_views(2)), engine::Error);
}

TEST_CASE("geometry: cosines by image and by the value of a label, by a loop over pairs") {
  const Partition images = mixed_images(40);
  std::vector<std::int64_t> keys;
  for (std::int64_t i = 0; i < 40; ++i) keys.push_back(i * 7 % 11 % 3);
  const Partition values = Partition::of(keys);
  const Rows rows = centred_unit_rows(random_rows(40, 5, 3));
  const auto image = together(images), value = together(values);
  const ValueCosines got = value_cosines(rows, images, values);
  const auto expected = [&](bool same_image, bool same_value) {
    return mean_over_pairs(
        40, [&](auto i, auto j) { return image(i, j) == same_image && value(i, j) == same_value; },
        [&](auto i, auto j) { return product(rows, i, j); });
  };
  check_equal(got.other_image_same_value, expected(false, true));
  check_equal(got.same_image_other_value, expected(true, false));
  check_equal(got.other_image_other_value, expected(false, false));
  check_equal(got.same_image_same_value, expected(true, true));

  const ValueCosines constant = value_cosines(rows, images, images);  // a label that the image decides
  CHECK_FALSE(constant.same_image_other_value.has_value());
  CHECK_FALSE(constant.other_image_same_value.has_value());
  CHECK(constant.same_image_same_value.has_value());
}

TEST_CASE("geometry: uniformity over every pair of different images, over several parts") {
  const engine::Context context = kernels::make_context();
  for (const auto& images : {two_views(4), two_views(310), mixed_images(521), Partition::of({3, 1})}) {
    const std::int64_t size = images.rows();
    CAPTURE(size);
    const Rows unit = unit_rows(random_rows(size, 9, 4));
    const auto same = together(images);
    const auto expected = mean_over_pairs(
        size, [&](auto i, auto j) { return !same(i, j); },
        [&](auto i, auto j) { return std::exp(-2 * squared_distance(unit, i, j)); });
    std::vector<std::int64_t> done;
    const auto got = uniformity(Tensor::from(context, {size, 9}, unit.values), images,
                                [&](std::int64_t rows) { done.push_back(rows); });
    REQUIRE(got.has_value());
    CHECK(*got == doctest::Approx(std::log(*expected)).epsilon(1e-6));
    CHECK(done.back() == size);
  }
  CHECK_FALSE(uniformity(Tensor::from<float>(context, {2, 1}, {1, -1}), Partition::of({1, 1})).has_value());
}

TEST_CASE("geometry: uniformity is 0 where all rows are one, and -8 where they are opposite") {
  const engine::Context context = kernels::make_context();
  const Partition images = Partition::of({0, 1});
  CHECK(*uniformity(Tensor::from<float>(context, {2, 1}, {1, 1}), images) == doctest::Approx(0));
  CHECK(*uniformity(Tensor::from<float>(context, {2, 1}, {1, -1}), images) == doctest::Approx(-8));
}
