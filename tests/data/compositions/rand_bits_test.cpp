#include "data/compositions/rand_bits.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "data/splitmix.h"
#include "tests/data/ramp_source.h"

using data::RandBits;

namespace {

RandBits with_bits(int bits, bool per_fetch = false, std::uint64_t seed = 0) {
  return {std::make_shared<RampSource>(100), {.bits = bits, .per_fetch = per_fetch, .seed = seed}};
}

}  // namespace

TEST_CASE("randbits: leaves the source as it is and adds splitmix64(index) mod 2^b, whatever the fetch") {
  const RandBits source = with_bits(20);
  CHECK(source.size() == 100);
  CHECK(source.image_shape() == engine::Shape{2, 3, 1});
  CHECK(source.classes() == 4);
  CHECK(source.label(7) == 3);
  std::uint8_t image[6];
  source.image(7, image);
  CHECK(image[0] == 7);
  CHECK(source.bit_planes() == 20);
  for (std::int64_t i = 0; i < 100; ++i) {
    CHECK(source.bits(i, 12345) == data::splitmix64(static_cast<std::uint64_t>(i)) % (1 << 20));
  }
  CHECK(source.describe() == "ramp + 20 random bits per image");
}

TEST_CASE("randbits: 0 bits are zero and 64 bits are the whole word") {
  CHECK(with_bits(0).bits(5, 5) == 0);
  CHECK(with_bits(64).bits(5, 5) == data::splitmix64(5));
  CHECK(with_bits(0, true).bits(5, 5) == 0);
}

TEST_CASE("randbits: per fetch, bits follow the fetch and the seed and nothing else, each bit is fair") {
  const RandBits source = with_bits(10, true, 1);
  CHECK(source.bits(1, 777) == source.bits(2, 777));
  constexpr int kFetches = 20000;
  int same = 0, other_seed_same = 0, ones = 0;
  const RandBits other = with_bits(10, true, 2);
  for (std::uint64_t fetch = 0; fetch < kFetches; ++fetch) {
    const std::uint64_t bits = source.bits(0, fetch);
    REQUIRE(bits < 1024);
    ones += std::popcount(bits);
    same += bits == source.bits(0, fetch + 1);
    other_seed_same += bits == other.bits(0, fetch);
  }
  const double expected = kFetches / 1024.0;  // agreements by chance, Poisson
  CHECK(std::abs(same - expected) < 5 * std::sqrt(expected));
  CHECK(std::abs(other_seed_same - expected) < 5 * std::sqrt(expected));
  CHECK(std::abs(ones - kFetches * 5.0) < 5 * std::sqrt(kFetches * 10 * 0.25));
}

TEST_CASE("randbits: refuses what it cannot do") {
  CHECK_THROWS_WITH_AS(with_bits(65), "randbits: expected 0 to 64 bits, got 65", engine::Error);
  CHECK_THROWS_WITH_AS(with_bits(-1), "randbits: expected 0 to 64 bits, got -1", engine::Error);
  const auto inner = std::make_shared<RandBits>(std::make_shared<RampSource>(10), RandBits::Options{.bits = 3});
  CHECK_THROWS_WITH_AS(RandBits(inner, {.bits = 2}),
                       "randbits: ramp + 3 random bits per image has 3 bit planes already; add bits to a source once",
                       engine::Error);
}

TEST_CASE("randbits: the bits are a set of labels, one of two classes for each bit") {
  const RandBits source = with_bits(3), per_fetch = with_bits(3, true, 7);
  const std::vector<data::LabelSet> sets = source.label_sets();
  REQUIRE(sets.size() == 2);
  CHECK(sets[0].name == "label");
  CHECK(sets[0].classes == 4);
  CHECK(sets[1].name == "bits");
  CHECK(sets[1].classes == 6);
  CHECK(sets[1].per_example == 3);
  for (const RandBits* each : {&source, &per_fetch}) {
    for (std::int64_t i = 0; i < 20; ++i) {
      const std::uint64_t bits = each->bits(i, 1000 + static_cast<std::uint64_t>(i));
      std::int32_t labels[3];
      each->labels(1, i, bits, labels);
      for (int j = 0; j < 3; ++j) CHECK(labels[j] == 2 * j + static_cast<std::int32_t>(bits >> j & 1));
    }
  }
  CHECK(with_bits(0).label_sets().size() == 1);
}
