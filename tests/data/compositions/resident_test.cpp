#include "data/compositions/resident.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "data/compositions/rand_bits.h"
#include "tests/data/ramp_source.h"

using data::Resident;
using Fingerprint = data::Resident::Fingerprint;

namespace {

/// Counts how often it is read.
class Counted final : public RampSource {
 public:
  using RampSource::RampSource;
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    ++reads;
    RampSource::read(visit, hint, example);
  }
  void fingerprint(engine::Sha256& hash) const override { hash.update(std::as_bytes(std::span("its own"))); }
  mutable std::atomic<int> reads = 0;
};

}  // namespace

TEST_CASE("resident: reads each example of the source once, whoever asks, and shows it ever after") {
  const auto source = std::make_shared<Counted>(100);
  const Resident resident(source, Fingerprint::of_source);
  CHECK(source->reads == 0);
  CHECK(resident.size() == 100);
  CHECK(Resident::bytes_needed(*source) == 600);
  CHECK(resident.describe() == "ramp, resident");
  for (int pass = 0; pass < 2; ++pass) {
    for (std::int64_t i = 99; i >= 0; --i) {
      const data::Example held = tests::read_example(resident, i, 1000u + static_cast<std::uint64_t>(i)),
                          direct = tests::read_example(RampSource(100), i);
      CHECK(held.pixels == direct.pixels);
      CHECK(held.labels == direct.labels);
      CHECK(held.extent == direct.extent);
    }
    CHECK(source->reads == 100);
  }
}

TEST_CASE("resident: many threads see whole examples") {
  const auto source = std::make_shared<Counted>(400);
  const Resident resident(source, Fingerprint::of_source);
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 4; ++reader) {
      readers.emplace_back([&] {
        data::Example example;
        for (std::int64_t i = 0; i < 400; ++i) {
          resident.read({.example = i}, {}, example);
          for (std::size_t byte = 0; byte < 6; ++byte)
            wrong += example.pixels[byte] != static_cast<std::uint8_t>(static_cast<std::size_t>(i) + byte);
          wrong += example.labels[0] != i % 4;
        }
      });
    }
  }
  CHECK(wrong == 0);
  const int reads = source->reads;
  for (std::int64_t i = 0; i < 400; ++i) tests::read_example(resident, i);
  CHECK(source->reads == reads);
}

TEST_CASE("resident: what the source throws comes out, at every try") {
  const auto ramp = std::make_shared<RampSource>(100);
  ramp->bad_example = 7;
  const Resident resident(ramp, Fingerprint::of_source);
  for (int i = 0; i < 2; ++i)
    CHECK_THROWS_WITH_AS(tests::read_example(resident, 7), "example 7 is damaged", engine::DataError);
  CHECK(tests::read_example(resident, 8).pixels[0] == 8);
}

TEST_CASE("resident: its fingerprint is the source's own or that of the images") {
  const auto source = std::make_shared<Counted>(10);
  CHECK(fingerprint(Resident(source, Fingerprint::of_source)) == fingerprint(*source));
  CHECK(fingerprint(Resident(source, Fingerprint::of_images)) == fingerprint(RampSource(10)));
}

TEST_CASE("resident: refuses what differs from visit to visit") {
  const auto bits = std::make_shared<data::RandBits>(
      std::make_shared<RampSource>(8), data::RandBits::Options{.bits = 4, .redraw = data::RandBits::Redraw::visit});
  CHECK_THROWS_WITH_AS(Resident(bits, Fingerprint::of_source),
                       "resident: ramp + 4 random bits per fetch is not the same at every visit", engine::Error);
}

TEST_CASE("resident: an image with the feature of another one is read anew and not kept") {
  const auto source = std::make_shared<Counted>(10);
  const Resident resident(source, Fingerprint::of_source);
  data::Example example;
  for (int visit = 0; visit < 2; ++visit) resident.read({.example = 3, .fetch = 3, .donor = 5}, {}, example);
  CHECK(source->reads == 2);
}
