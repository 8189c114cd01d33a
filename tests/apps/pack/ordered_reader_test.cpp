#include "apps/pack/ordered_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "data/image/resize.h"
#include "tests/data/ramp_source.h"
#include "tests/engine/io/message_of.h"

using apps::OrderedReader;

namespace {

/// Images that are slow to read in an irregular way, and that know the most that was read ahead.
class SlowSource : public RampSource {
 public:
  using RampSource::RampSource;
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    if (visit.example % 7 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    RampSource::read(visit, hint, example);
    least_side = hint.least_side;
    std::int64_t most = most_read.load();
    while (most < visit.example && !most_read.compare_exchange_weak(most, visit.example)) {}
  }
  mutable std::atomic<std::int64_t> most_read = -1, least_side = -1;
};

}  // namespace

TEST_CASE("ordered reader: every example in order, for any number of threads, and a bounded number ahead") {
  for (const int workers : {1, 2, 16}) {
    const SlowSource source(200);
    OrderedReader reader(source, 0, workers);
    for (std::int64_t i = 0; i < source.size(); ++i) {
      const data::Example& example = reader.next();
      CHECK(example.pixels == tests::read_example(RampSource(200), i).pixels);
      CHECK(example.labels[0] == i % 4);
      CHECK(source.most_read <= i + 4 * workers);
    }
    CHECK(source.least_side == 0);
  }
}

TEST_CASE("ordered reader: the first failure comes in its turn, and a reader can be left at any time") {
  RampSource source(100);
  source.bad_example = 37;
  OrderedReader reader(source, 0, 4);
  for (int i = 0; i < 37; ++i) reader.next();
  CHECK(message_of<engine::DataError>([&] { reader.next(); }) == "example 37 is damaged");
  OrderedReader(source, 0, 4).next();
}

TEST_CASE("ordered reader: only images whose shorter side is longer are shrunk, and keep their shape") {
  const auto shrunk = [](const engine::Shape& shape, std::int64_t side) {
    const tests::DrawnSource source(1, shape, 2, [&](std::int64_t, std::uint8_t* pixels) {
      for (std::int64_t k = 0; k < shape.elements(); ++k) pixels[k] = static_cast<std::uint8_t>(k * 37);
    });
    OrderedReader reader(source, side, 1);
    return reader.next();
  };
  CHECK(shrunk({40, 100, 3}, 20).extent == data::Extent{20, 50});
  CHECK(shrunk({101, 40, 1}, 20).extent == data::Extent{50, 20});
  CHECK(shrunk({40, 20, 3}, 20).extent == data::Extent{40, 20});
  CHECK(shrunk({40, 19, 3}, 20).extent == data::Extent{40, 19});
  CHECK(shrunk({40, 100, 3}, 0).extent == data::Extent{40, 100});
  const data::Example whole = shrunk({40, 100, 3}, 0), example = shrunk({40, 100, 3}, 20);
  std::vector<std::uint8_t> expected(20 * 50 * 3);
  data::ResizeScratch scratch;
  data::resize({.pixels = whole.pixels.data(), .extent = whole.extent}, 3, {.height = 20, .width = 50}, expected.data(),
               scratch);
  CHECK(example.pixels == expected);
}
