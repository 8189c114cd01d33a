#include "data/sources/packed.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "data/compositions/resize.h"
#include "data/kinds.h"
#include "kernels/runtime/error.h"
#include "tests/data/ramp_source.h"
#include "tests/data/sources/packed_bytes.h"
#include "tests/engine/io/scratch_directory.h"

using namespace tests;
using data::Packed;
using data::Split;

namespace {

/// RampSource without labels.
class Unlabelled : public RampSource {
 public:
  explicit Unlabelled(std::int64_t size) : RampSource(size) { layout_.labels.clear(); }
  void read(const data::Visit& visit, const data::DecodeHint&, data::Example& example) const override {
    draw_(visit.example, example.resize(*layout_.extent, layout_.channels));
    example.labels.clear();
    example.bits = {};
  }
  std::optional<std::int32_t> label(std::int64_t) const override { return {}; }
};

void check_equal(const data::Source& packed, const data::Source& source) {
  REQUIRE(packed.size() == source.size());
  CHECK(packed.layout().channels == source.layout().channels);
  CHECK(packed.layout().labels == source.layout().labels);
  CHECK(packed.layout().bit_planes == 0);
  CHECK_FALSE(packed.varies());
  for (std::int64_t i = 0; i < source.size(); ++i) {
    const data::Example one = read_example(packed, i), other = read_example(source, i);
    CHECK(one.extent == other.extent);
    CHECK(one.pixels == other.pixels);
    CHECK(one.labels == other.labels);
  }
}

}  // namespace

TEST_CASE("packed: gives back every image and label, of one size or many, grey or colour, labelled or not") {
  const ScratchDirectory scratch;
  const RampSource ramp(9);
  const Unlabelled unlabelled(4);
  const MixedSource grey(12, 1), colour(30, 3), seven(3, 7);
  const data::Source* sources[] = {&ramp, &unlabelled, &grey, &colour, &seven};
  for (const data::Source* train : sources) {
    for (const data::Source* test : sources) {
      write_packed(scratch / "file", *train, *test);
      const Packed of_train(scratch / "file", Split::train), of_test(scratch / "file", Split::test);
      check_equal(of_train, *train);
      check_equal(of_test, *test);
      CHECK(of_train.layout().extent == train->layout().extent);
      for (std::int64_t i = 0; i < train->size(); ++i) {
        const auto expected =
            train->layout().labels.empty() ? std::nullopt : std::optional(read_example(*train, i).labels[0]);
        CHECK(of_train.label(i) == expected);
      }
    }
  }
}

TEST_CASE("packed: what was in the example before does not matter") {
  const ScratchDirectory scratch;
  write_packed(scratch / "file", MixedSource(9), MixedSource(9));
  const Packed packed(scratch / "file", Split::train);
  data::Example example;
  example.bits = {7, 7};
  example.labels.assign(10, 3);
  example.resize({.height = 50, .width = 50}, 3);
  packed.read({.example = 4, .fetch = 4}, {}, example);
  CHECK(example.pixels == read_example(MixedSource(9), 4).pixels);
  CHECK(example.labels == std::vector<std::int32_t>{4, 4, 7});
  CHECK(example.bits == std::array<std::uint64_t, 2>{});
}

TEST_CASE("packed: the fingerprint is that of the images, wherever the file and whatever its splits were called") {
  const ScratchDirectory scratch;
  write_packed(scratch / "a", MixedSource(9), MixedSource(4));
  write_packed(scratch / "b", MixedSource(4), MixedSource(9));
  write_packed(scratch / "c", MixedSource(9, 3, 1), MixedSource(5));
  const auto of = [&](const char* file, Split split) { return data::fingerprint(Packed(scratch / file, split)); };
  CHECK(of("a", Split::train) == of("b", Split::test));
  CHECK(of("a", Split::test) == of("b", Split::train));
  CHECK(of("a", Split::train) != of("a", Split::test));
  CHECK(of("a", Split::train) != of("c", Split::train));
}

TEST_CASE("packed: an expression opens the split of the role, under compositions too, and keeps nothing in memory") {
  const ScratchDirectory scratch;
  const std::string path = (scratch / "file").string();
  write_packed(path, RampSource(9), RampSource(4));
  CHECK(data::open_source("packed:" + path, {})->describe() == "packed:" + path + " (train, 9 images of 4 classes)");
  CHECK(data::open_source("packed:" + path, {.role = data::Role::probe_train})->size() == 9);
  CHECK(data::open_source("packed:" + path, {.role = data::Role::probe_test})->size() == 4);
  const auto bits = data::open_source("randbit(packed:" + path + ", bits=3)", {});
  CHECK(bits->layout().bit_planes == 3);
  CHECK(read_example(*bits, 5).pixels == read_example(RampSource(9), 5).pixels);
  CHECK(data::open_source("subset(packed:" + path + ", classes=[1])", {})->size() == 2);

  write_packed(path, MixedSource(9, 1), MixedSource(4, 1));
  const auto resized = data::open_source("resize(packed:" + path + ", size=6)", {});
  const data::Resize expected(std::make_shared<MixedSource>(9, 1), {.size = {.height = 6, .width = 6}});
  for (std::int64_t i = 0; i < 9; ++i) CHECK(read_example(*resized, i).pixels == read_example(expected, i).pixels);
}

TEST_CASE("packed: processes read one file at once") {
  const ScratchDirectory scratch;
  write_packed(scratch / "file", MixedSource(200), MixedSource(1));
  pid_t children[4];
  for (pid_t& child : children) {
    child = fork();
    if (child != 0) continue;
    bool equal = true;
    const Packed packed(scratch / "file", Split::train);
    for (int round = 0; round < 20; ++round) {
      for (std::int64_t i = 0; i < 200; ++i)
        equal = equal && read_example(packed, i).pixels == read_example(MixedSource(200), i).pixels;
    }
    _exit(equal ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
}
