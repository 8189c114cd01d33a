#include "data/loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "data/compositions/rand_bits.h"
#include "data/permutation.h"
#include "tests/data/drawn_source.h"
#include "tests/data/ragged_source.h"
#include "tests/data/ramp_source.h"

using data::HostBatch;
using data::Loader;

namespace {

std::vector<HostBatch> first_batches(const data::Source& source, const data::LoaderOptions& options, int count) {
  Loader loader(source, options);
  std::vector<HostBatch> batches;
  for (int i = 0; i < count; ++i) {
    const Loader::Lease lease = loader.next();
    batches.push_back(lease->head(lease->rows));
  }
  return batches;
}

void check_equal(const std::vector<HostBatch>& a, const std::vector<HostBatch>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].step == b[i].step);
    CHECK(a[i].images == b[i].images);
    CHECK(a[i].ragged == b[i].ragged);
    CHECK(a[i].extents == b[i].extents);
    CHECK(a[i].counters == b[i].counters);
    CHECK(a[i].bits == b[i].bits);
    CHECK(a[i].labels == b[i].labels);
  }
}

/// Draws nothing until the test opens it.
class GatedSource final : public RampSource {
 public:
  using RampSource::RampSource;
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    open.wait(false);
    RampSource::read(visit, hint, example);
  }
  mutable std::atomic<bool> open = false;
};

}  // namespace

TEST_CASE("loader: without shuffling, whole batches in the order of the source, epoch after epoch") {
  const RampSource source(11);
  const auto batches = first_batches(source, {.batch_size = 4, .shuffle = false}, 5);
  for (std::size_t s = 0; s < batches.size(); ++s) {
    const HostBatch& batch = batches[s];
    CHECK(batch.step == static_cast<std::int64_t>(s));
    REQUIRE(batch.images.size() == 4 * 6);
    for (std::size_t row = 0; row < 4; ++row) {
      const std::size_t example = s % 2 * 4 + row;  // two whole batches per epoch; examples 8 to 10 are left out
      CHECK(batch.counters[row] == s / 2 * 11 + example);
      CHECK(batch.labels[0][row] == static_cast<std::int32_t>(example % 4));
      CHECK(batch.bits[row] == 0);
      for (std::size_t byte = 0; byte < 6; ++byte) CHECK(batch.images[row * 6 + byte] == example + byte);
    }
  }
}

TEST_CASE("loader: shuffled, every epoch visits different examples once, in the order of the permutation") {
  const RampSource source(12);
  const auto batches = first_batches(source, {.batch_size = 4, .seed = 5}, 6);
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    const data::Permutation permutation(12, 5, epoch);
    std::set<std::uint64_t> seen;
    for (std::uint64_t position = 0; position < 12; ++position) {
      const HostBatch& batch = batches[epoch * 3 + position / 4];
      const std::uint64_t example = batch.counters[position % 4] - epoch * 12;
      CHECK(example == static_cast<std::uint64_t>(permutation(static_cast<std::int64_t>(position))));
      CHECK(batch.images[position % 4 * 6] == example);
      seen.insert(example);
    }
    CHECK(seen.size() == 12);
  }
}

TEST_CASE("loader: workers, the ring and the first step change nothing") {
  const data::RandBits source(std::make_shared<RampSource>(101),
                              {.bits = 30, .redraw = data::RandBits::Redraw::view, .seed = 2});
  for (const auto last_batch : {data::LastBatch::drop, data::LastBatch::fill, data::LastBatch::keep}) {
    const auto first = [&](int workers, std::int64_t ring_bytes, std::int64_t step, int count) {
      return first_batches(source,
                           {.batch_size = 7,
                            .seed = 1,
                            .last_batch = last_batch,
                            .workers = workers,
                            .ring_bytes = ring_bytes,
                            .first_step = step},
                           count);
    };
    const auto expected = first(1, 0, 0, 60);
    CHECK(expected[0].bits != expected[14].bits);
    CHECK(expected[0].bits.size() == 14);
    check_equal(first(2, 1000, 0, 60), expected);
    check_equal(first(16, 1 << 20, 0, 60), expected);
    check_equal(first(3, 1 << 20, 25, 35), {expected.begin() + 25, expected.end()});
  }
}

TEST_CASE("loader: the last batch of an epoch is left out, filled up from its beginning, or kept short") {
  const RampSource source(11);
  using data::LastBatch;
  const auto batches = [&](LastBatch last_batch) {
    return first_batches(source, {.batch_size = 4, .shuffle = false, .last_batch = last_batch}, 4);
  };
  const auto counters = [](const HostBatch& batch) {
    return std::vector<std::uint64_t>(batch.counters.begin(), batch.counters.end());
  };
  using Counters = std::vector<std::uint64_t>;
  CHECK(counters(batches(LastBatch::drop)[2]) == Counters{11, 12, 13, 14});
  CHECK(counters(batches(LastBatch::fill)[2]) == Counters{8, 9, 10, 0});
  CHECK(counters(batches(LastBatch::fill)[3]) == Counters{11, 12, 13, 14});
  const auto kept = batches(LastBatch::keep);
  CHECK(counters(kept[2]) == Counters{8, 9, 10});
  CHECK(counters(kept[3]) == Counters{11, 12, 13, 14});
  const HostBatch head = kept[2].head(3);
  CHECK(head.images.size() == 18);
  CHECK(head.labels[0] == std::vector<std::int32_t>{0, 1, 2});
  CHECK(data::steps_per_epoch(11, 4, LastBatch::drop) == 2);
  CHECK(data::steps_per_epoch(11, 4, LastBatch::fill) == 3);
  CHECK(data::steps_per_epoch(12, 4, LastBatch::keep) == 3);
}

TEST_CASE("loader: ends where it is told to") {
  const RampSource source(11);
  Loader loader(source, {.batch_size = 4, .last_batch = data::LastBatch::keep, .steps = 3});
  for (int i = 0; i < 3; ++i) CHECK(loader.next()->step == i);
  CHECK_THROWS_WITH_AS(loader.next(), "loader: all 3 batches have been lent", engine::Error);
}

TEST_CASE("loader: the workers read one batch together") {
  /// Each of the first two reads waits for the other.
  class Meeting final : public RampSource {
   public:
    using RampSource::RampSource;
    void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
      if (visit.fetch < 2) meeting.arrive_and_wait();
      RampSource::read(visit, hint, example);
    }
    mutable std::barrier<> meeting{2};
  };
  const Meeting source(20);
  Loader loader(source, {.batch_size = 10, .shuffle = false, .workers = 2});
  CHECK(loader.next()->step == 0);  // with one worker for a batch it would never come
}

TEST_CASE("loader: the ring holds what its bytes allow, two batches at least") {
  const RampSource source(40);
  const std::int64_t bytes = HostBatch(source, 4).bytes();
  CHECK(Loader(source, {.batch_size = 4, .ring_bytes = 0}).depth() == 2);
  CHECK(Loader(source, {.batch_size = 4, .ring_bytes = 5 * bytes}).depth() == 5);
  CHECK(Loader(source, {.batch_size = 4}).depth() == 16);
}

TEST_CASE("loader: reuses the memory of its slots, and a lease keeps its own untouched") {
  const RampSource source(40);
  Loader loader(source, {.batch_size = 4, .shuffle = false, .workers = 2, .ring_bytes = 0});
  std::set<const void*> addresses;
  {
    const Loader::Lease first = loader.next();
    const std::vector<std::uint8_t> before = first->images;
    addresses.insert(first->images.data());
    addresses.insert(loader.next()->images.data());
    CHECK(addresses.size() == 2);
    CHECK(first->images == before);
    CHECK(first->step == 0);
  }
  for (int i = 2; i < 100; ++i) {
    const Loader::Lease lease = loader.next();
    CHECK(lease->step == i);
    CHECK(addresses.contains(lease->images.data()));
  }
}

TEST_CASE("loader: refuses to wait for slots that are all on lease") {
  const RampSource source(40);
  Loader loader(source, {.batch_size = 4, .ring_bytes = 0});
  const Loader::Lease first = loader.next();
  {
    const Loader::Lease second = loader.next();
    CHECK_THROWS_WITH_AS(loader.next(), "loader: all 2 batches are on lease; give one back before asking for the next",
                         engine::Error);
  }
}

TEST_CASE("loader: a moved lease gives its slot back once") {
  const RampSource source(40);
  Loader loader(source, {.batch_size = 4, .ring_bytes = 0});
  for (int i = 0; i < 5; ++i) {
    Loader::Lease lease = loader.next();
    const Loader::Lease moved = std::move(lease);
    CHECK(moved->step == i);
  }
}

TEST_CASE("loader: what the source throws comes out of next(), at its step and again") {
  RampSource source(40);
  source.bad_example = 9;  // in step 2
  Loader loader(source, {.batch_size = 4, .shuffle = false, .workers = 2});
  CHECK(loader.next()->step == 0);
  CHECK(loader.next()->step == 1);
  CHECK_THROWS_WITH_AS(loader.next(), "example 9 is damaged", engine::DataError);
  CHECK_THROWS_WITH_AS(loader.next(), "example 9 is damaged", engine::DataError);
}

TEST_CASE("loader: of several failures in a batch the first row's comes out") {
  class Damaged final : public RampSource {
   public:
    using RampSource::RampSource;
    void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
      if (visit.example >= 5) throw engine::DataError(engine::concat("example ", visit.example, " is damaged"));
      RampSource::read(visit, hint, example);
    }
  };
  const Damaged source(200);
  for (int i = 0; i < 20; ++i) {
    Loader loader(source, {.batch_size = 200, .shuffle = false, .workers = 4});
    CHECK_THROWS_WITH_AS(loader.next(), "example 5 is damaged", engine::DataError);
  }
}

TEST_CASE("loader: says how long it waited") {
  const GatedSource source(40);
  Loader loader(source, {.batch_size = 4});
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    source.open = true;
    source.open.notify_all();
  });
  CHECK(loader.next().waited_ms() > 5);
  opener.join();
}

TEST_CASE("loader: stops at any time") {
  const RampSource source(1000);
  for (int taken = 0; taken < 50; ++taken) {
    Loader loader(source, {.batch_size = 10, .workers = 3});
    for (int i = 0; i < taken % 7; ++i) loader.next();
  }
}

TEST_CASE("loader: refuses a batch that the data cannot fill, and options out of range") {
  const RampSource source(11);
  CHECK(Loader(source, {.batch_size = 11}).steps_per_epoch() == 1);
  CHECK(Loader(source, {.batch_size = 3}).steps_per_epoch() == 3);
  CHECK_THROWS_WITH_AS(Loader(source, {.batch_size = 12}),
                       "loader: a batch of 12 images does not fit into ramp; expected at most 11, lower --batch-size",
                       engine::DataError);
  CHECK_THROWS_WITH_AS(Loader(source, {.batch_size = 0}), "loader: expected a batch of at least one image, got 0",
                       engine::Error);
  CHECK_THROWS_AS(Loader(source, {.batch_size = 1, .workers = 0}), engine::Error);
  CHECK_THROWS_AS(Loader(source, {.batch_size = 1, .ring_bytes = -1}), engine::Error);
  CHECK_THROWS_AS(Loader(source, {.batch_size = 1, .first_step = -1}), engine::Error);
}

TEST_CASE("loader: says where the processor time went, if it is asked to measure") {
  const RampSource source(64);
  for (const bool times_stages : {false, true}) {
    Loader loader(source, {.batch_size = 8, .workers = 2, .times_stages = times_stages});
    for (int i = 0; i < 20; ++i) loader.next();
    data::StageTimes times = loader.stage_times();
    CHECK((times.of(data::Stage::copy) > 0) == times_stages);
    CHECK((times.of(data::Stage::other) > 0) == times_stages);
    CHECK(times.of(data::Stage::decode) == 0);
  }
}

TEST_CASE("loader: images that differ in size come in batches, the same for any number of workers") {
  const tests::RaggedSource source(23);
  for (const data::LastBatch last : {data::LastBatch::drop, data::LastBatch::fill, data::LastBatch::keep}) {
    const auto batches_of = [&](int workers) {
      return first_batches(source, {.batch_size = 4, .seed = 3, .last_batch = last, .workers = workers}, 14);
    };
    const auto batches = batches_of(1);
    check_equal(batches, batches_of(16));
    for (const HostBatch& batch : batches) {
      CHECK(batch.images.empty());
      REQUIRE(batch.ragged.size() == static_cast<std::size_t>(batch.rows));
      for (std::size_t row = 0; row < batch.ragged.size(); ++row) {
        const data::Example example = tests::read_example(source, static_cast<std::int64_t>(batch.counters[row] % 23));
        CHECK(batch.ragged[row] == example.pixels);
        CHECK(batch.extents[2 * row] == example.extent.height);
        CHECK(batch.extents[2 * row + 1] == example.extent.width);
      }
    }
  }
}

TEST_CASE("loader: the ring is bounded by what images of different sizes take") {
  const tests::RaggedSource source(70);  // 59 bytes each on average
  Loader small(source, {.batch_size = 10, .ring_bytes = 1}), large(source, {.batch_size = 10, .ring_bytes = 4000});
  CHECK(small.depth() == 2);
  CHECK(large.depth() >= 3);
  CHECK(large.depth() <= 5);
}

TEST_CASE("loader: images that differ in size may be decoded with less detail, others keep their size") {
  /// Notes what readers are told.
  class Told final : public data::Source {
   public:
    explicit Told(bool alike) : layout_{.channels = 1} {
      if (alike) layout_.extent = data::Extent{2, 2};
    }
    std::int64_t size() const override { return 4; }
    const data::InputLayout& layout() const override { return layout_; }
    void read(const data::Visit&, const data::DecodeHint& hint, data::Example& example) const override {
      example.resize({2, 2}, 1);
      least_side = hint.least_side;
    }
    std::string describe() const override { return "told"; }
    mutable std::atomic<std::int64_t> least_side = -1;

   private:
    data::InputLayout layout_;
  };
  for (const bool alike : {false, true}) {
    const Told source(alike);
    Loader(source, {.batch_size = 4, .hint = {.least_side = 7}}).next();
    CHECK(source.least_side == (alike ? 0 : 7));
  }
}

TEST_CASE("loader: parts of a batch, one after another, are the batch") {
  const data::RandBits source(std::make_shared<RampSource>(50), {.bits = 5});
  for (const bool shuffle : {false, true}) {
    const data::LoaderOptions whole{
        .batch_size = 12, .seed = 3, .shuffle = shuffle, .last_batch = data::LastBatch::fill, .workers = 2};
    const std::vector<HostBatch> batches = first_batches(source, whole, 7);
    for (const std::int64_t parts : {1, 2, 3, 4, 12}) {
      CAPTURE(parts);
      for (std::int64_t part = 0; part < parts; ++part) {
        data::LoaderOptions options = whole;
        options.part = part;
        options.parts = parts;
        const std::vector<HostBatch> own = first_batches(source, options, 7);
        const auto rows = static_cast<std::size_t>(12 / parts), first = static_cast<std::size_t>(part) * rows;
        for (std::size_t step = 0; step < own.size(); ++step) {
          REQUIRE(own[step].rows == 12 / parts);
          CHECK(own[step].first_counter.has_value() == (parts > 1));
          CHECK(own[step].first_counter.value_or(batches[step].counters[0]) == batches[step].counters[0]);
          CHECK(std::equal(own[step].counters.begin(), own[step].counters.end(),
                           batches[step].counters.begin() + static_cast<std::ptrdiff_t>(first)));
          CHECK(std::equal(own[step].bits.begin(), own[step].bits.end(),
                           batches[step].bits.begin() + static_cast<std::ptrdiff_t>(first)));
          CHECK(std::equal(own[step].labels[0].begin(), own[step].labels[0].end(),
                           batches[step].labels[0].begin() + static_cast<std::ptrdiff_t>(first)));
        }
      }
    }
  }
}

TEST_CASE("loader: parts that are not equal, and parts of batches of different sizes, are refused") {
  const RampSource source(50);
  const auto refused = [&](const data::LoaderOptions& options) {
    CHECK_THROWS_WITH_AS(Loader(source, options), doctest::Contains("equal parts of full batches"), engine::Error);
  };
  refused({.batch_size = 10, .part = 0, .parts = 3});
  refused({.batch_size = 12, .part = 3, .parts = 3});
  refused({.batch_size = 12, .part = 0, .parts = 3, .last_batch = data::LastBatch::keep});
}
