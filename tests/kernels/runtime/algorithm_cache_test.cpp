#include "kernels/runtime/algorithm_cache.h"

#include <doctest/doctest.h>

#include <vector>

using engine::AlgorithmCache;

namespace {

/// A cache whose problems are timed by a stub: the algorithm "timed" is the fastest, and "broken" is not usable.
struct Lookup {
  AlgorithmCache cache;
  int timings = 0;

  std::optional<std::string> operator()(const std::string& problem) {
    return cache.find(
        problem, [](const std::string& algorithm) { return algorithm != "broken"; },
        [this] {
          ++timings;
          return std::string("timed");
        });
  }
};

}  // namespace

TEST_CASE("algorithm cache: while timing is off only what is known is found, and only what was found is used") {
  Lookup find;
  CHECK_FALSE(find("a"));
  find.cache.restore({{"a", "fast"}, {"b", "slow"}, {"c", "broken"}});
  CHECK(find.cache.restored() == 1);
  CHECK(find("a") == "fast");
  CHECK_FALSE(find("c"));
  CHECK(find.timings == 0);
  CHECK(find.cache.used() == AlgorithmCache::Names{{"a", "fast"}});
}

TEST_CASE("algorithm cache: a new problem is timed once, and one whose known algorithm is not usable too") {
  Lookup find;
  find.cache.restore({{"a", "broken"}, {"b", "fast"}});
  find.cache.time_new(true);
  for (int i = 0; i < 2; ++i) {
    CHECK(find("a") == "timed");
    CHECK(find("b") == "fast");
    CHECK(find("c") == "timed");
  }
  CHECK(find.timings == 2);
  CHECK(find.cache.used() == AlgorithmCache::Names{{"a", "timed"}, {"b", "fast"}, {"c", "timed"}});
}

TEST_CASE("algorithm cache: before anything is timed others are asked, who may know it meanwhile") {
  Lookup find;
  find.cache.time_new(true);
  AlgorithmCache::Names theirs{{"a", "fast"}, {"b", "broken"}};
  int asked = 0;
  find.cache.ask_before_timing([&] {
    ++asked;
    return theirs;
  });
  CHECK(find("a") == "fast");
  CHECK(asked == 1);
  CHECK(find.timings == 0);
  CHECK(find("b") == "timed");  // their algorithm is not usable here
  CHECK(asked == 2);
  theirs["a"] = "slow";  // too late
  CHECK(find("c") == "timed");
  CHECK(asked == 3);
  CHECK(find("a") == "fast");
  CHECK(asked == 3);
  CHECK(find.cache.restored() == 0);  // earlier choices stay valid
  find.cache.ask_before_timing({});
  CHECK(find("d") == "timed");
  CHECK(asked == 3);
}

TEST_CASE(
    "algorithm cache: fastest takes the shortest of several runs, forgets the first, and drops the hopeless early") {
  const std::vector<std::vector<double>> times{{1, 7, 3, 8}, {9, 4, 2, 7}, {0.1, 50, 1, 1}};
  std::vector<std::size_t> runs(times.size());
  CHECK(engine::fastest(times.size(), [&](std::size_t i) { return times[i][runs[i]++]; }) == 1);
  CHECK(runs == std::vector<std::size_t>{4, 4, 2});
}
