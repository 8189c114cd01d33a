// K-means and the adjusted Rand index compared with scikit-learn: tools/compare/kmeans.py --fixture.
#include "apps/kmeans/k_means.h"

#include <doctest/doctest.h>

#include <string>

#include "apps/kmeans/rand_index.h"
#include "kernels/context.h"
#include "tests/golden/fixture.h"

TEST_CASE("golden k-means: inertia as scikit-learn's best of many") {
  const engine::Context context = kernels::make_context();
  const tests::Fixture golden(context, "k_means");
  const apps::KMeans cluster(golden.tensor("rows"));
  for (const int clusters : {2, 4, 6, 8}) {
    CAPTURE(clusters);
    const double expected = static_cast<double>(golden.tensor("inertia." + std::to_string(clusters)).item());
    const double inertia = cluster({.clusters = clusters, .restarts = 200}).inertia;
    CHECK(inertia <= expected * 1.01);
    CHECK(inertia >= expected * (1 - 1e-6));
  }
}

TEST_CASE("golden k-means: the adjusted Rand index as scikit-learn's") {
  const engine::Context context = kernels::make_context();
  const tests::Fixture golden(context, "k_means");
  const auto partition = [&](const std::string& name) {
    const auto parts = golden.tensor(name).to_host<std::int32_t>();
    return apps::Partition::of({parts.begin(), parts.end()});
  };
  for (int i = 0; i < 4; ++i) {
    CAPTURE(i);
    const std::string number = std::to_string(i);
    const double expected = static_cast<double>(golden.tensor("ari." + number).item());
    CHECK(apps::adjusted_rand_index(partition("one." + number), partition("other." + number)) ==
          doctest::Approx(expected).epsilon(1e-6));
  }
}
