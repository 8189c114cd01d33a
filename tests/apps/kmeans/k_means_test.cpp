#include "apps/kmeans/k_means.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kernels/context.h"
#include "kernels/runtime/philox.h"

using apps::Clustering;
using apps::KMeans;
using engine::Tensor;

namespace {

const engine::Context& context() {
  static const engine::Context context = kernels::make_context({.device = {}, .threads = 2});
  return context;
}

engine::Philox random_numbers(std::uint64_t index) { return {77, engine::Purpose::drawing, 0, index}; }

Tensor rows_of(std::int64_t columns, const std::vector<float>& values) {
  return Tensor::from(context(), {static_cast<std::int64_t>(values.size()) / columns, columns}, values);
}

/// `sizes[j]` rows around 10 times the j-th unit vector, in turns as long as there are some.
struct Blobs {
  std::vector<float> values;
  std::vector<std::int32_t> blob;  // of each row
};
Blobs blobs(std::vector<int> sizes, std::int64_t columns, double spread, float offset = 0) {
  engine::Philox random = random_numbers(1);
  Blobs result;
  while (std::any_of(sizes.begin(), sizes.end(), [](int left) { return left > 0; })) {
    for (std::size_t j = 0; j < sizes.size(); ++j) {
      if (sizes[j]-- <= 0) continue;
      for (std::int64_t c = 0; c < columns; ++c) {
        const double centre = c == static_cast<std::int64_t>(j) ? 10 : 0;
        result.values.push_back(static_cast<float>(centre + spread * random.normal()) + offset);
      }
      result.blob.push_back(static_cast<std::int32_t>(j));
    }
  }
  return result;
}

std::vector<float> noise(std::int64_t count, std::uint64_t index) {
  engine::Philox random = random_numbers(index);
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(random.normal()));
  return values;
}

/// sum |x - mean of its cluster|^2 by the definition.
double inertia_of(const std::vector<float>& values, std::int64_t columns, const Clustering& clustering) {
  double sum = 0;
  for (std::size_t j = 0; j < clustering.sizes.size(); ++j) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < clustering.labels.size(); ++i)
      if (clustering.labels[i] == static_cast<std::int32_t>(j)) members.push_back(i);
    CHECK(static_cast<std::int64_t>(members.size()) == clustering.sizes[j]);
    for (std::int64_t c = 0; c < columns; ++c) {
      double mean = 0;
      const auto value = [&](std::size_t i) {
        return static_cast<double>(values[i * static_cast<std::size_t>(columns) + static_cast<std::size_t>(c)]);
      };
      for (const std::size_t i : members) mean += value(i) / static_cast<double>(members.size());
      for (const std::size_t i : members) sum += (value(i) - mean) * (value(i) - mean);
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("k-means: well separated blobs are found exactly, numbered by size, at any distance from the origin") {
  const std::vector<int> sizes{12, 40, 25, 31};
  const std::vector<std::int32_t> number{3, 0, 2, 1};  // of each blob
  for (const float offset : {0.0f, 1000.0f}) {
    const Blobs all = blobs(sizes, 6, .3, offset);
    const Clustering found = KMeans(rows_of(6, all.values))({.clusters = 4});
    CHECK(found.sizes == std::vector<std::int64_t>{40, 31, 25, 12});
    for (std::size_t i = 0; i < all.blob.size(); ++i)
      CHECK(found.labels[i] == number[static_cast<std::size_t>(all.blob[i])]);
    CHECK(found.inertia == doctest::Approx(inertia_of(all.values, 6, found)).epsilon(1e-6));
  }
}

TEST_CASE("k-means: among equal sizes the cluster of the first row comes first") {
  const Clustering found = KMeans(rows_of(1, {5, 0, 5, 0, 9, 9}))({.clusters = 3});
  CHECK(found.labels == std::vector<std::int32_t>{0, 1, 0, 1, 2, 2});
  CHECK(found.inertia == 0);
}

TEST_CASE("k-means: inertia never rises, falls with the number of clusters, and is that of the labels") {
  constexpr std::int64_t kRows = 300, kColumns = 17;
  const std::vector<float> values = noise(kRows * kColumns, 2);
  const KMeans cluster(rows_of(kColumns, values));
  double before = cluster.total();
  for (const int clusters : {1, 2, 3, 5, 8, 13}) {
    CAPTURE(clusters);
    const Clustering found = cluster({.clusters = clusters, .tolerance = 0});
    CHECK(found.inertia == doctest::Approx(inertia_of(values, kColumns, found)).epsilon(1e-6));
    CHECK(static_cast<int>(found.descent.size()) == found.iterations);
    for (std::size_t i = 1; i < found.descent.size(); ++i) CHECK(found.descent[i] <= found.descent[i - 1] * (1 + 1e-6));
    CHECK(found.inertia <= found.descent.back() * (1 + 1e-6));
    if (clusters == 1)
      CHECK(found.inertia == doctest::Approx(cluster.total()).epsilon(1e-6));
    else
      CHECK(found.inertia < before);
    before = found.inertia;
    CHECK(std::is_sorted(found.sizes.rbegin(), found.sizes.rend()));
  }
}

TEST_CASE("k-means: each row is with the nearest mean, if no limit ends the search") {
  constexpr std::int64_t kColumns = 5;
  const std::vector<float> values = noise(200 * kColumns, 3);
  const Clustering found = KMeans(rows_of(kColumns, values))({.clusters = 6, .tolerance = 0});
  REQUIRE(found.iterations < 100);
  std::vector<double> means(6 * kColumns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto cluster = static_cast<std::size_t>(found.labels[i / kColumns]);
    means[cluster * kColumns + i % kColumns] +=
        static_cast<double>(values[i]) / static_cast<double>(found.sizes[cluster]);
  }
  for (std::size_t i = 0; i < found.labels.size(); ++i) {
    const auto distance = [&](std::size_t cluster) {
      double sum = 0;
      for (std::size_t c = 0; c < kColumns; ++c)
        sum += std::pow(static_cast<double>(values[i * kColumns + c]) - means[cluster * kColumns + c], 2);
      return sum;
    };
    for (std::size_t other = 0; other < 6; ++other)
      CHECK(distance(static_cast<std::size_t>(found.labels[i])) <= distance(other) + 1e-6);
  }
}

TEST_CASE("k-means: identical rows leave clusters empty, and as many clusters as rows leave nothing") {
  const KMeans same(rows_of(3, std::vector<float>(30, 0.7f)));
  CHECK(same.total() == 0);
  const Clustering one = same({.clusters = 4});
  CHECK(one.sizes == std::vector<std::int64_t>{10, 0, 0, 0});
  CHECK(one.inertia == 0);

  const Clustering two = KMeans(rows_of(2, {1, 2, 3, 4, 1, 2, 3, 4, 1, 2}))({.clusters = 3});
  CHECK(two.sizes == std::vector<std::int64_t>{3, 2, 0});
  CHECK(two.inertia == doctest::Approx(0));

  const std::vector<float> values = noise(9 * 4, 4);
  const Clustering each = KMeans(rows_of(4, values))({.clusters = 9});
  CHECK(each.sizes == std::vector<std::int64_t>(9, 1));
  CHECK(each.labels == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(each.inertia == doctest::Approx(0));
}

TEST_CASE("k-means: more restarts are no worse, fewer iterations no better") {
  const std::vector<float> values = noise(400 * 8, 6);
  const KMeans cluster(rows_of(8, values));
  const double one = cluster({.clusters = 10, .restarts = 1}).inertia, many = cluster({.clusters = 10}).inertia;
  CHECK(many <= one);
  CHECK(cluster({.clusters = 10, .restarts = 30}).inertia <= many);
  const Clustering first = cluster({.clusters = 10, .restarts = 1, .iterations = 1});
  CHECK(first.iterations == 1);
  CHECK(first.inertia > one);
  CHECK(cluster({.clusters = 10, .restarts = 1, .tolerance = .05}).iterations <
        cluster({.clusters = 10, .restarts = 1, .tolerance = 0}).iterations);
}

TEST_CASE("k-means: the same call twice is the same, and seed and stream change the draws") {
  const std::vector<float> values = noise(500 * 12, 7);
  const KMeans cluster(rows_of(12, values));
  const Clustering one = cluster({.clusters = 8}), two = KMeans(rows_of(12, values))({.clusters = 8});
  CHECK(one.labels == two.labels);
  CHECK(one.inertia == two.inertia);
  CHECK(one.descent == two.descent);
  std::set<double> inertias;
  for (const auto& [seed, stream] : {std::pair{1, 0}, {2, 0}, {1, 1}}) {
    inertias.insert(cluster({.clusters = 8,
                             .restarts = 1,
                             .seed = static_cast<std::uint64_t>(seed),
                             .stream = static_cast<std::uint64_t>(stream)})
                        .inertia);
  }
  CHECK(inertias.size() == 3);
}

TEST_CASE("k-means: too many clusters, and what are no rows, are refused") {
  const KMeans cluster(rows_of(2, {1, 2, 3, 4}));
  CHECK_THROWS_WITH_AS(cluster({.clusters = 3}), "k-means: 2 rows cannot be in 3 clusters", engine::Error);
  CHECK_THROWS_AS(cluster({.clusters = 0}), engine::Error);
  CHECK_THROWS_AS(cluster({.clusters = 2, .restarts = 0}), engine::Error);
  CHECK_THROWS_AS(KMeans(Tensor::zeros(context(), {0, 3})), engine::Error);
  CHECK_THROWS_AS(KMeans(Tensor::zeros(context(), {4})), engine::Error);
  CHECK_FALSE(std::isfinite(KMeans(rows_of(1, {1, NAN})).total()));
}
