#include "data/loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "data/compositions/rand_bits.h"
#include "data/permutation.h"
#include "tests/data/ramp_source.h"

using data::HostBatch;
using data::Loader;

namespace {

std::vector<HostBatch> first_batches(const data::Source& source, const data::LoaderOptions& options, int count) {
  Loader loader(source, options);
  std::vector<HostBatch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(*loader.next());
  return batches;
}

void check_equal(const std::vector<HostBatch>& a, const std::vector<HostBatch>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].step == b[i].step);
    CHECK(a[i].images == b[i].images);
    CHECK(a[i].counters == b[i].counters);
    CHECK(a[i].bits == b[i].bits);
    CHECK(a[i].labels == b[i].labels);
  }
}

/// Draws nothing until the test opens it.
class GatedSource final : public RampSource {
 public:
  using RampSource::RampSource;
  void image(std::int64_t i, std::uint8_t* out) const override {
    open.wait(false);
    RampSource::image(i, out);
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

TEST_CASE("loader: workers, depth and the first step change nothing") {
  const data::RandBits source(std::make_shared<RampSource>(101), {.bits = 30, .per_fetch = true, .seed = 2});
  const auto expected = first_batches(source, {.batch_size = 7, .seed = 1, .workers = 1, .depth = 1}, 60);
  CHECK(expected[0].bits != expected[14].bits);
  check_equal(first_batches(source, {.batch_size = 7, .seed = 1, .workers = 2, .depth = 3}, 60), expected);
  check_equal(first_batches(source, {.batch_size = 7, .seed = 1, .workers = 5, .depth = 8}, 60), expected);
  const auto resumed = first_batches(source, {.batch_size = 7, .seed = 1, .workers = 3, .first_step = 25}, 35);
  check_equal(resumed, {expected.begin() + 25, expected.end()});
}

TEST_CASE("loader: reuses the memory of its slots, and a lease keeps its own untouched") {
  const RampSource source(40);
  Loader loader(source, {.batch_size = 4, .shuffle = false, .workers = 2, .depth = 3});
  std::set<const void*> addresses;
  {
    const Loader::Lease first = loader.next();
    const std::vector<std::uint8_t> before = first->images;
    addresses.insert(first->images.data());
    for (int i = 0; i < 2; ++i) addresses.insert(loader.next()->images.data());
    CHECK(addresses.size() == 3);
    CHECK(first->images == before);
    CHECK(first->step == 0);
  }
  for (int i = 3; i < 100; ++i) {
    const Loader::Lease lease = loader.next();
    CHECK(lease->step == i);
    CHECK(addresses.contains(lease->images.data()));
  }
}

TEST_CASE("loader: refuses to wait for slots that are all on lease") {
  const RampSource source(40);
  Loader loader(source, {.batch_size = 4, .depth = 2});
  const Loader::Lease first = loader.next();
  {
    const Loader::Lease second = loader.next();
    CHECK_THROWS_WITH_AS(
        loader.next(),
        "loader: all 2 batches are on lease; give one back before asking for the next, or raise the depth",
        engine::Error);
  }
}

TEST_CASE("loader: a moved lease gives its slot back once") {
  const RampSource source(40);
  Loader loader(source, {.batch_size = 4, .depth = 1});
  for (int i = 0; i < 3; ++i) {
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
    Loader loader(source, {.batch_size = 10, .workers = 3, .depth = 4});
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
  CHECK_THROWS_AS(Loader(source, {.batch_size = 1, .depth = 0}), engine::Error);
  CHECK_THROWS_AS(Loader(source, {.batch_size = 1, .first_step = -1}), engine::Error);
}
