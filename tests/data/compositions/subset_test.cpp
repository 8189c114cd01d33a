#include "data/compositions/subset.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>

#include "data/compositions/rand_bits.h"
#include "tests/data/ramp_source.h"

using data::Split;
using data::Subset;

namespace {

std::set<int> examples(const data::Source& source) {  // a ramp's first byte is its index
  std::set<int> indices;
  for (std::int64_t i = 0; i < source.size(); ++i) indices.insert(tests::read_example(source, i).pixels[0]);
  return indices;
}

Subset fraction(double fraction, std::uint64_t seed = 0, Split split = Split::train) {
  return {std::make_shared<RampSource>(200), {.fraction = fraction, .seed = seed}, split};
}

}  // namespace

TEST_CASE("subset: the examples of some classes, in the order of the source, with the labels that they had") {
  const Subset subset(std::make_shared<RampSource>(21), {.classes = {3, 1}}, Split::test);
  CHECK(subset.size() == 10);
  for (std::int64_t i = 0; i < subset.size(); ++i) {
    const data::Example example = tests::read_example(subset, i);
    CHECK(example.pixels[0] == 2 * i + 1);
    CHECK(example.labels == std::vector{*subset.label(i)});
    CHECK(*subset.label(i) == (2 * i + 1) % 4);
  }
  CHECK(subset.layout().labels[0].classes == 4);
  CHECK(subset.describe() == "ramp, 10 of them");
}

TEST_CASE("subset: a fraction keeps as much of each class, whatever the run, and a larger one contains it") {
  const Subset quarter = fraction(0.25);
  CHECK(quarter.size() == 4 * 13);  // of 50 each, rounded up
  std::array<int, 4> counts{};
  for (std::int64_t i = 0; i < quarter.size(); ++i) ++counts[static_cast<std::size_t>(*quarter.label(i))];
  CHECK(counts == std::array<int, 4>{13, 13, 13, 13});
  const std::set<int> small = examples(quarter), large = examples(fraction(0.5));
  CHECK(std::ranges::includes(large, small));
  CHECK(small == examples(fraction(0.25)));
  CHECK(small != examples(fraction(0.25, 1)));
  CHECK(fraction(1).size() == 200);
  CHECK(fraction(0.25, 0, Split::test).size() == 200);  // the test set stays whole
}

TEST_CASE("subset: visits stay different from epoch to epoch, and from example to example") {
  const auto bits = std::make_shared<data::RandBits>(
      std::make_shared<RampSource>(20), data::RandBits::Options{.bits = 64, .redraw = data::RandBits::Redraw::visit});
  const Subset subset(bits, {.classes = {2}}, Split::train);
  REQUIRE(subset.size() == 5);
  CHECK(subset.varies());
  std::set<std::uint64_t> seen;
  for (std::uint64_t fetch = 0; fetch < 50; ++fetch) {
    const auto i = static_cast<std::int64_t>(fetch % 5);
    const std::uint64_t drawn = tests::read_example(subset, i, fetch).bits[0];
    CHECK(drawn ==
          tests::read_example(*bits, 4 * i + 2, fetch / 5 * 20 + static_cast<std::uint64_t>(4 * i + 2)).bits[0]);
    seen.insert(drawn);
  }
  CHECK(seen.size() == 50);
}

TEST_CASE("subset: what cannot be chosen is one sentence") {
  const auto ramp = std::make_shared<RampSource>(8);
  CHECK_THROWS_WITH_AS(Subset(ramp, {.classes = {4}}, Split::train),
                       "subset: there is no class 4 in ramp, which has 4, from 0 to 3", engine::DataError);
  CHECK_THROWS_WITH_AS(Subset(std::make_shared<RampSource>(2), {.classes = {3}}, Split::train),
                       "subset: nothing of ramp is left", engine::DataError);
  CHECK_THROWS_WITH_AS(Subset(ramp, {.fraction = 0}, Split::train),
                       "subset: expected a fraction above 0 and at most 1, got 0", engine::Error);
  class Unlabelled final : public RampSource {
   public:
    using RampSource::RampSource;
    std::optional<std::int32_t> label(std::int64_t) const override { return {}; }
  };
  CHECK_THROWS_WITH_AS(Subset(std::make_shared<Unlabelled>(8), {.classes = {1}}, Split::train),
                       "subset: an example of ramp has no one class that never changes; choose classes of what it is "
                       "made of",
                       engine::DataError);
}

TEST_CASE("subset: the donor of a visit is one of the subset's examples, too") {
  const auto ramp = std::make_shared<RampSource>(40);
  const auto bits = std::make_shared<data::RandBits>(ramp, data::RandBits::Options{.bits = 20});
  const Subset subset(bits, {.classes = {3}}, Split::test);  // examples 3, 7, 11, ...
  data::Example example;
  subset.read({.example = 1, .fetch = 1, .donor = 2}, {}, example);
  CHECK(example.pixels[0] == 7);
  CHECK(example.bits[0] == tests::read_example(*bits, 11).bits[0]);
  subset.read({.example = 1, .fetch = 1}, {}, example);
  CHECK(example.bits[0] == tests::read_example(*bits, 7).bits[0]);
}
