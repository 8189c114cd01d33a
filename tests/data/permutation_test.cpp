#include "data/permutation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "kernels/runtime/error.h"

using data::Permutation;

TEST_CASE("permutation: visits every element once, whatever the size") {
  for (const std::int64_t n : {1, 2, 3, 5, 31, 32, 33, 257, 1000, 60000}) {
    const Permutation permutation(n, 1, 0);
    std::vector<int> visits(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t j = permutation(i);
      REQUIRE(j >= 0);
      REQUIRE(j < n);
      ++visits[static_cast<std::size_t>(j)];
    }
    CHECK(visits == std::vector<int>(static_cast<std::size_t>(n), 1));
  }
  CHECK_THROWS_WITH_AS(Permutation(0, 1, 0), "permutation: expected at least one element, got 0", engine::Error);
}

TEST_CASE("permutation: epochs and seeds differ, equal ones repeat") {
  constexpr std::int64_t kSize = 1001;
  const auto agreements = [](const Permutation& a, const Permutation& b) {
    int count = 0;
    for (std::int64_t i = 0; i < kSize; ++i) count += a(i) == b(i);
    return count;
  };
  const Permutation base(kSize, 3, 4);
  CHECK(agreements(base, Permutation(kSize, 3, 4)) == kSize);
  // Two random permutations agree in one place on average, Poisson distributed: more than 10 has probability 1e-8.
  CHECK(agreements(base, Permutation(kSize, 3, 5)) <= 10);
  CHECK(agreements(base, Permutation(kSize, 4, 4)) <= 10);
}

TEST_CASE("permutation: over many epochs every position sees every element equally often, alone and in pairs") {
  for (const std::int64_t n : {3, 5, 13, 70}) {
    CAPTURE(n);
    constexpr int kEpochs = 20000;
    const auto cells = static_cast<std::size_t>(n * n);
    std::vector<int> at_position(cells), after(cells);
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      const Permutation permutation(n, 9, static_cast<std::uint64_t>(epoch));
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t value = permutation(i);
        ++at_position[static_cast<std::size_t>(i * n + value)];
        ++after[static_cast<std::size_t>(value * n + permutation((i + 1) % n))];
      }
    }
    // Pearson's statistic over cells of probability p each: its mean is cells * (1 - p), its standard deviation near
    // sqrt(2) * n (rows and columns are tied, which leaves about n^2 free cells).
    const auto excess = [&](const std::vector<int>& counts, double p, bool with_diagonal) {
      double sum = 0, mean = 0;
      for (std::int64_t i = 0; i < n * n; ++i) {
        if (!with_diagonal && i / n == i % n) continue;  // nothing is its own successor
        const double expected = kEpochs * p;
        sum += std::pow(counts[static_cast<std::size_t>(i)] - expected, 2) / expected;
        mean += 1 - p;
      }
      return (sum - mean) / (std::sqrt(2.0) * static_cast<double>(n));
    };
    CHECK(std::abs(excess(at_position, 1 / static_cast<double>(n), true)) < 5);
    CHECK(std::abs(excess(after, 1 / static_cast<double>(n - 1), false)) < 5);
  }
}

TEST_CASE("permutation: neighbours in the order are no neighbours in the source") {
  constexpr std::int64_t kSize = 60000;
  const Permutation permutation(kSize, 0, 0);
  int close = 0;
  for (std::int64_t i = 1; i < kSize; ++i) close += std::abs(permutation(i) - permutation(i - 1)) <= 10;
  CHECK(std::abs(close - 20) < 5 * std::sqrt(20));  // about 60000 * 20 / 60000
}
