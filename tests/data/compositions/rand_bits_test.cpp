#include "data/compositions/rand_bits.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "data/splitmix.h"
#include "tests/data/ramp_source.h"

using data::RandBits;
using Redraw = data::RandBits::Redraw;

namespace {

RandBits with_bits(int bits, Redraw redraw = Redraw::never, std::uint64_t seed = 0) {
  return {std::make_shared<RampSource>(100), {.bits = bits, .redraw = redraw, .seed = seed}};
}

std::uint64_t bits_of(const RandBits& source, std::int64_t i, std::uint64_t fetch, std::size_t view = 0) {
  return tests::read_example(source, i, fetch).bits[view];
}

}  // namespace

TEST_CASE("randbits: leaves the source as it is and adds splitmix64(index) mod 2^b, whatever the fetch") {
  const RandBits source = with_bits(20);
  CHECK(source.size() == 100);
  CHECK(image_shape(source) == engine::Shape{2, 3, 1});
  CHECK(source.label(7) == 3);
  CHECK(tests::read_example(source, 7).pixels[0] == 7);
  CHECK(source.layout().bit_planes == 20);
  CHECK(source.layout().bit_views == 1);
  CHECK_FALSE(source.varies());
  for (std::int64_t i = 0; i < 100; ++i) {
    for (const std::size_t view : {0, 1})
      CHECK(bits_of(source, i, 12345, view) == data::splitmix64(static_cast<std::uint64_t>(i)) % (1 << 20));
  }
  CHECK(source.describe() == "ramp + 20 random bits per image");
}

TEST_CASE("randbits: 0 bits are zero and 64 bits are the whole word") {
  CHECK(bits_of(with_bits(0), 5, 5) == 0);
  CHECK(bits_of(with_bits(64), 5, 5) == data::splitmix64(5));
  CHECK(bits_of(with_bits(0, Redraw::visit), 5, 5) == 0);
}

TEST_CASE("randbits: per fetch, bits follow the fetch and the seed and nothing else, each bit is fair") {
  const RandBits source = with_bits(10, Redraw::visit, 1);
  CHECK(source.varies());
  CHECK(bits_of(source, 1, 777) == bits_of(source, 2, 777));
  CHECK(bits_of(source, 1, 777) == bits_of(source, 1, 777, 1));
  constexpr int kFetches = 20000;
  int same = 0, other_seed_same = 0, ones = 0;
  const RandBits other = with_bits(10, Redraw::visit, 2);
  for (std::uint64_t fetch = 0; fetch < kFetches; ++fetch) {
    const std::uint64_t bits = bits_of(source, 0, fetch);
    REQUIRE(bits < 1024);
    ones += std::popcount(bits);
    same += bits == bits_of(source, 0, fetch + 1);
    other_seed_same += bits == bits_of(other, 0, fetch);
  }
  const double expected = kFetches / 1024.0;  // agreements by chance, Poisson
  CHECK(std::abs(same - expected) < 5 * std::sqrt(expected));
  CHECK(std::abs(other_seed_same - expected) < 5 * std::sqrt(expected));
  CHECK(std::abs(ones - kFetches * 5.0) < 5 * std::sqrt(kFetches * 10 * 0.25));
}

TEST_CASE("randbits: per view, two views of an image agree as often as chance has it") {
  const RandBits source = with_bits(10, Redraw::view, 1);
  CHECK(source.layout().bit_views == 2);
  constexpr int kFetches = 20000;
  int same = 0;
  for (std::uint64_t fetch = 0; fetch < kFetches; ++fetch) {
    const data::Example example = tests::read_example(source, 3, fetch);
    REQUIRE(example.bits[1] < 1024);
    same += example.bits[0] == example.bits[1];
  }
  const double expected = kFetches / 1024.0;
  CHECK(std::abs(same - expected) < 5 * std::sqrt(expected));
  CHECK(source.describe() == "ramp + 10 random bits per view");
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
  for (const Redraw redraw : {Redraw::never, Redraw::visit}) {
    const RandBits source = with_bits(3, redraw, 7);
    CHECK(source.layout().labels == std::vector<data::LabelSet>{{.name = "label", .classes = 4},
                                                                {.name = "bits", .classes = 6, .per_example = 3}});
    CHECK(source.layout().label_count() == 4);
    for (std::int64_t i = 0; i < 20; ++i) {
      const data::Example example = tests::read_example(source, i, 1000 + static_cast<std::uint64_t>(i));
      REQUIRE(example.labels.size() == 4);
      CHECK(example.labels[0] == i % 4);
      for (int j = 0; j < 3; ++j)
        CHECK(example.labels[static_cast<std::size_t>(1 + j)] ==
              2 * j + static_cast<std::int32_t>(example.bits[0] >> j & 1));
    }
  }
  CHECK(with_bits(0).layout().labels.size() == 1);
}

TEST_CASE("randbits: blank bits are zero planes of the same number, whatever else is asked for") {
  for (const Redraw redraw : {Redraw::never, Redraw::view}) {
    const RandBits source(std::make_shared<RampSource>(100), {.bits = 12, .redraw = redraw, .blank = true});
    CHECK(source.layout().bit_planes == 12);
    CHECK(source.layout().bit_views == 1);
    CHECK(source.layout().labels == with_bits(12).layout().labels);
    CHECK_FALSE(source.varies());
    for (std::int64_t i = 0; i < 20; ++i) CHECK(tests::read_example(source, i).bits == data::Example{}.bits);
    CHECK(tests::read_example(source, 0).labels.back() == 22);
    CHECK(source.describe() == "ramp + 12 bits that are all zero");
  }
}

TEST_CASE("randbits: an image can be shown with the bits that belong to another one") {
  const auto inner = std::make_shared<RampSource>(100);
  for (const Redraw redraw : {Redraw::never, Redraw::visit, Redraw::view}) {
    const RandBits source(inner, {.bits = 20, .redraw = redraw, .seed = 4});
    data::Example example;
    source.read({.example = 7, .fetch = 7, .donor = 31}, {}, example);
    CHECK(example.pixels[0] == 7);
    CHECK(example.labels[0] == 3);
    CHECK(example.bits[0] == data::splitmix64(31) % (1 << 20));
    CHECK(example.bits[1] == example.bits[0]);
  }
}
