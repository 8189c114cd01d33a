#include "data/kinds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "engine/io/npy.h"
#include "kernels/runtime/error.h"
#include "tests/data/drawn_source.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::open_source;
using data::Role;

namespace {

std::string failure(std::string_view expression) {
  return message_of<engine::DataError>([&] { open_source(expression, {}); });
}

}  // namespace

TEST_CASE("kinds: each opens its source, in the split of the role") {
  CHECK(open_source("digits:", {})->size() == 60000);
  CHECK(open_source("digits:", {.role = Role::probe_train})->size() == 60000);
  CHECK(open_source("digits:", {.role = Role::probe_test})->size() == 10000);
  const ScratchDirectory scratch;
  write_plain(scratch / "t10k-images-idx3-ubyte", idx_bytes(0x803, {1, 1, 3}, "xyz"));
  write_plain(scratch / "t10k-labels-idx1-ubyte", idx_bytes(0x801, {1}, "\x04"));
  CHECK(open_source("mnist:" + scratch.path().string(), {.role = Role::probe_test})->label(0) == 4);
}

TEST_CASE("kinds: a composition is opened with what it is composed of, and gets the seed of the run") {
  const auto source = open_source("randbit(digits:, bits=7)", {});
  CHECK(source->describe() == "digits: (train, 60000 drawn images), resident + 7 random bits per image");
  CHECK(source->layout().bit_planes == 7);
  const auto bits = [](std::uint64_t seed) {
    const auto drawn = open_source("randbit(digits:, bits=60, redraw=visit)", {.seed = seed});
    return tests::read_example(*drawn, 3, 77).bits[0];
  };
  CHECK(bits(1) == bits(1));
  CHECK(bits(1) != bits(2));
}

TEST_CASE("kinds: images that are slow to read stay in memory if they fit") {
  const auto describe = [](std::int64_t bytes) {
    return open_source("digits:", {.resident_bytes = bytes})->describe();
  };
  CHECK(describe(60000 * 784) == "digits: (train, 60000 drawn images), resident");
  CHECK(describe(60000 * 784 - 1) == "digits: (train, 60000 drawn images)");
}

TEST_CASE("kinds: images that stay in memory resized are not kept as they were as well") {
  const auto describe = [](const std::string& size, std::int64_t bytes) {
    return open_source("resize(digits:, size=" + size + ")", {.resident_bytes = bytes})->describe();
  };
  CHECK(describe("14", 60000 * 784) == "digits: (train, 60000 drawn images) resized to 14 x 14 (crop), resident");
  CHECK(describe("56", 60000 * 784) == "digits: (train, 60000 drawn images), resident resized to 56 x 56 (crop)");
  CHECK(describe("56", 0) == "digits: (train, 60000 drawn images) resized to 56 x 56 (crop)");
  CHECK(open_source("resize(overlay(digits:, digits=digits:), size=64)", {})->describe().find("resident") !=
        std::string::npos);
}

TEST_CASE("kinds: a mistake names the place and the nearest kind or parameter") {
  CHECK(failure("mnits:DIR") ==
        "data.source: there is no source 'mnits', the nearest is 'mnist', at column 1 of 'mnits:DIR'");
  CHECK(failure("randbit(digts:, bits=3)") ==
        "data.source: there is no source 'digts', the nearest is 'digits', at column 9 of 'randbit(digts:, bits=3)'");
  CHECK(failure("randbit(digits:, bit=3)") ==
        "data.source: 'randbit' has no parameter 'bit', the nearest is 'bits', at column 18 of "
        "'randbit(digits:, bit=3)'");
  CHECK(failure("randbit(digits:, bits=3, bits=4)") ==
        "data.source: the parameter 'bits' is given twice, at column 26 of 'randbit(digits:, bits=3, bits=4)'");
  CHECK(failure("randbit(digits:, 3)") ==
        "data.source: after the first, an argument of 'randbit' needs a name, as in bits=3, at column 18 of "
        "'randbit(digits:, 3)'");
  CHECK(failure("randbit(bits=3)") ==
        "data.source: 'randbit' needs a source, as in randbit(SOURCE, ...), at column 1 of 'randbit(bits=3)'");
  CHECK(failure("randbit(digits:)") ==
        "data.source: 'randbit' needs bits=, number of bits, 0 to 64, at column 1 of 'randbit(digits:)'");
  CHECK(failure("randbit(digits:, bits=65)") ==
        "data.source: 'bits' must be a whole number from 0 to 64, got '65', at column 23 of "
        "'randbit(digits:, bits=65)'");
  CHECK(failure("randbit(digits:, bits=3, redraw=often)") ==
        "data.source: 'redraw' must be never, visit or view, got 'often', at column 33 of "
        "'randbit(digits:, bits=3, redraw=often)'");
  CHECK(failure("digits:7") == "data.source: 'digits' takes nothing without a name, at column 8 of 'digits:7'");
  CHECK(failure("mnist:") == "data.source: 'mnist' needs a path, as in mnist:DIR, at column 1 of 'mnist:'");
  CHECK(failure("resize(digits:, size=16385)") ==
        "data.source: 'size' must be a side from 1 to 16384 pixels, or HEIGHTxWIDTH, got '16385', at column 22 of "
        "'resize(digits:, size=16385)'");
  CHECK(failure("resize(digits:, size=5x0)") ==
        "data.source: 'size' must be a side from 1 to 16384 pixels, or HEIGHTxWIDTH, got '5x0', at column 22 of "
        "'resize(digits:, size=5x0)'");
  CHECK(failure("subset(digits:, classes=[3, x])") ==
        "data.source: 'classes' must be one or more whole numbers from 0 to 1073741824, as in [3, 5], got 'x', at "
        "column 29 of 'subset(digits:, classes=[3, x])'");
  CHECK(failure("subset(digits:, classes=[])") ==
        "data.source: 'classes' must be one or more whole numbers from 0 to 1073741824, as in [3, 5], got '[]', at "
        "column 25 of 'subset(digits:, classes=[])'");
  CHECK(failure("mnist(DIR, x=1)") == "data.source: 'mnist' has no parameter 'x', at column 12 of 'mnist(DIR, x=1)'");
}

TEST_CASE("kinds: options that do not go together are a mistake in the expression") {
  CHECK(failure("resize(multidigits(digits:, canvas=20), size=8)") ==
        "data.source: multidigits: a digit of 28 x 28 pixels does not fit a canvas of 20 x 20; enlarge the canvas, at "
        "column 8 of 'resize(multidigits(digits:, canvas=20), size=8)'");
  CHECK(failure("subset(digits:, fraction=0)") ==
        "data.source: subset: expected a fraction above 0 and at most 1, got 0, at column 1 of "
        "'subset(digits:, fraction=0)'");
  CHECK(failure("multidigits(digits:, first_size=30)") ==
        "data.source: 'first_size' does nothing without 'second_size', at column 33 of "
        "'multidigits(digits:, first_size=30)'");
  CHECK(failure("multidigits(digits:, probe=second)") ==
        "data.source: 'probe' does nothing without 'second_size', at column 28 of "
        "'multidigits(digits:, probe=second)'");
  CHECK(failure("trifeature(size=32, correlation=0.5)") ==
        "data.source: 'correlation' does nothing without 'correlate', at column 33 of "
        "'trifeature(size=32, correlation=0.5)'");
}

TEST_CASE("kinds: what is read follows from the visit alone, whatever the batch and the number of workers") {
  for (const std::string expression :
       {"multidigits(digits:, digits=5)", "multidigits(digits:, digits=2, second_size=40)",
        "overlay(trifeature(size=48), digits=digits:, fixed=off)",
        "randbit(subset(digits:, classes=[1, 4], fraction=0.1), bits=9, redraw=view)",
        "resize(multidigits(digits:, digits=3, canvas=60), size=30x40)"}) {
    CAPTURE(expression);
    const auto source = open_source(expression, {.seed = 5});
    const auto image_bytes = static_cast<std::size_t>(image_shape(*source).elements());
    for (const auto& [batch_size, workers] : {std::pair<std::int64_t, int>{7, 1}, {16, 16}}) {
      data::Loader loader(*source, {.batch_size = batch_size, .seed = 3, .workers = workers, .first_step = 100});
      for (int step = 0; step < 4; ++step) {
        const data::Loader::Lease batch = loader.next();
        for (std::size_t row = 0; row < static_cast<std::size_t>(batch_size); ++row) {
          const std::uint64_t fetch = batch->counters[row];
          const auto example = static_cast<std::int64_t>(fetch % static_cast<std::uint64_t>(source->size()));
          const data::Example direct = tests::read_example(*source, example, fetch);
          REQUIRE(std::equal(direct.pixels.begin(), direct.pixels.end(),
                             batch->images.begin() + static_cast<std::ptrdiff_t>(row * image_bytes)));
          REQUIRE(direct.labels[0] ==
                  batch->labels[0][row * batch->labels[0].size() / static_cast<std::size_t>(batch_size)]);
          REQUIRE(direct.bits[0] == batch->bits[row]);
        }
      }
    }
  }
}

TEST_CASE("kinds: the list names every kind and parameter with its default") {
  const std::string list = data::list_of_kinds();
  for (const data::Kind& kind : data::kinds()) {
    CHECK(list.find(std::string(kind.name)) != std::string::npos);
    for (const data::Parameter& parameter : kind.parameters)
      CHECK(list.find(engine::concat("  ", parameter.name, "=", parameter.fallback)) != std::string::npos);
  }
}

TEST_CASE("kinds: values of a file are planted, and digits are drawn for every view") {
  const ScratchDirectory scratch;
  std::vector<std::uint8_t> values(60000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i % 3);
  const std::string file = (scratch / "values.npy").string();
  engine::save_npy(file, {.type = engine::StoredType::u8, .shape = {60000}, .bytes = std::as_bytes(std::span(values))});
  const auto planted = open_source("planted(digits:, values=" + file + ", redraw=view)", {.seed = 3});
  CHECK(planted->layout().bit_planes == 2);
  CHECK(planted->layout().bit_views == 2);
  CHECK(planted->describe().ends_with(" + one of 3 values of " + file + ", drawn for every view"));
  CHECK(open_source("planted(digits:, values=" + file + ", blank=on)", {})->describe().ends_with(", all blank"));
  CHECK(open_source("randbit(digits:, bits=3, blank=on)", {})->describe().ends_with(" + 3 bits that are all zero"));
  const std::string overlay = "overlay(resize(digits:, size=64), digits=digits:, ";
  CHECK(open_source(overlay + "fixed=off, per_view=on)", {})->layout().image_views == 2);
  CHECK(failure(overlay + "per_view=on)") ==
        "data.source: 'per_view' does nothing without 'fixed=off', at column 60 of '" + overlay + "per_view=on)'");
}
