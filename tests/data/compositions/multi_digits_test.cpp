#include "data/compositions/multi_digits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/data/compositions/disc_digits.h"

using data::Combine;
using data::Example;
using data::MultiDigits;
using data::Role;
using Options = data::MultiDigits::Options;
using Placement = data::MultiDigits::Placement;
using Probe = data::MultiDigits::Probe;

namespace {

MultiDigits open(const Options& options, Role role = Role::pretrain, std::uint64_t run_seed = 1) {
  return {std::make_shared<DiscDigits>(), options, role, run_seed};
}

data::Visit in_epoch(std::int64_t example, std::uint64_t epoch) {
  return {.example = example, .fetch = epoch * 1000 + static_cast<std::uint64_t>(example)};
}

/// The canvas again, pixel by pixel, of digits that are not scaled.
std::vector<std::uint8_t> definition(const MultiDigits::Scene& scene, std::int64_t side, int channels,
                                     Combine combine) {
  std::vector<std::uint8_t> canvas(static_cast<std::size_t>(side * side * channels));
  const DiscDigits digits;
  Example digit;
  for (int k = 0; k < scene.count; ++k) {
    const MultiDigits::PlacedDigit& placed = scene.digits[static_cast<std::size_t>(k)];
    digits.read({.example = placed.digit, .fetch = 0}, {}, digit);
    for (std::int64_t i = 0; i < 28 * 28; ++i) {
      for (int c = 0; c < channels; ++c) {
        std::uint8_t& pixel =
            canvas[static_cast<std::size_t>(((placed.y + i / 28) * side + placed.x + i % 28) * channels + c)];
        const int value = digit.pixels[static_cast<std::size_t>(i)];
        pixel = static_cast<std::uint8_t>(combine == Combine::max ? std::max<int>(pixel, value)
                                                                  : std::min(pixel + value, 255));
      }
    }
  }
  return canvas;
}

}  // namespace

TEST_CASE("multidigits: a canvas shows the digits of its scene, with their labels in order") {
  for (const Placement placement : {Placement::random, Placement::grid}) {
    for (const Combine combine : {Combine::max, Combine::sum}) {
      for (const int channels : {1, 3}) {
        const MultiDigits source =
            open({.digits = 16, .placement = placement, .canvas = 120, .combine = combine, .channels = channels});
        CHECK(source.size() == 1000);
        CHECK(source.layout().channels == channels);
        CHECK(source.layout().extent == data::Extent{120, 120});
        Example example;
        example.bits = {1, 1};
        for (std::int64_t i = 0; i < 20; ++i) {
          source.read(in_epoch(i, 2), {}, example);
          const MultiDigits::Scene scene = source.scene(in_epoch(i, 2));
          REQUIRE(scene.count == 16);
          CHECK(example.extent == data::Extent{120, 120});
          CHECK((example.pixels == definition(scene, 120, channels, combine)));
          REQUIRE(example.labels.size() == 16);
          for (std::size_t k = 0; k < 16; ++k) CHECK(example.labels[k] == scene.digits[k].digit % 10);
          CHECK(example.bits == decltype(example.bits){});
        }
      }
    }
  }
}

TEST_CASE("multidigits: in a grid, every digit has a cell of its own") {
  for (const int digits : {1, 5, 16}) {
    const MultiDigits source = open({.digits = digits, .placement = Placement::grid});
    for (std::uint64_t fetch = 0; fetch < 200; ++fetch) {
      const MultiDigits::Scene scene = source.scene({.example = 0, .fetch = fetch});
      std::set<std::pair<std::int64_t, std::int64_t>> cells;
      for (int k = 0; k < scene.count; ++k) {
        const auto& placed = scene.digits[static_cast<std::size_t>(k)];
        CHECK(placed.y % 28 == 0);
        CHECK(placed.x % 28 == 0);
        CHECK(std::max(placed.y, placed.x) <= 84);
        cells.emplace(placed.y, placed.x);
      }
      CHECK(cells.size() == static_cast<std::size_t>(digits));
    }
  }
}

TEST_CASE("multidigits: canvases are drawn anew at every visit and by every run, from the fetch alone") {
  const MultiDigits source = open({.digits = 3});
  CHECK(source.varies());
  Example first, second;
  source.read(in_epoch(5, 0), {}, first);
  source.read(in_epoch(5, 1), {}, second);
  CHECK(first.pixels != second.pixels);
  source.read({.example = 77, .fetch = 5}, {}, second);
  CHECK(first.pixels == second.pixels);
  open({.digits = 3}, Role::pretrain, 2).read(in_epoch(5, 0), {}, second);
  CHECK(first.pixels != second.pixels);
  CHECK_FALSE(source.label(5).has_value());
}

TEST_CASE("multidigits: probes see every digit alone, at other places each epoch, but the test never changes") {
  Example example;
  for (const Role role : {Role::probe_train, Role::probe_test}) {
    const MultiDigits source = open({.digits = 4}, role), other_run = open({.digits = 4}, role, 2);
    CHECK(source.varies() == (role == Role::probe_train));
    CHECK(source.layout().labels == std::vector<data::LabelSet>{{.name = "digit", .classes = 10}});
    int moved = 0, moved_by_run = 0;
    for (std::int64_t i = 0; i < 100; ++i) {
      const MultiDigits::Scene scene = source.scene(in_epoch(i, 0));
      CHECK(scene.count == 1);
      CHECK(scene.digits[0].digit == i);
      CHECK(source.label(i) == i % 10);
      source.read(in_epoch(i, 0), {}, example);
      CHECK(example.labels == std::vector<std::int32_t>{static_cast<std::int32_t>(i % 10)});
      CHECK((example.pixels == definition(scene, 112, 3, Combine::max)));
      const MultiDigits::Scene later = source.scene(in_epoch(i, 1)), elsewhere = other_run.scene(in_epoch(i, 0));
      moved += later.digits[0].y != scene.digits[0].y || later.digits[0].x != scene.digits[0].x;
      moved_by_run += elsewhere.digits[0].y != scene.digits[0].y || elsewhere.digits[0].x != scene.digits[0].x;
    }
    CHECK((role == Role::probe_train ? moved > 90 : moved == 0));
    CHECK((role == Role::probe_train ? moved_by_run > 90 : moved_by_run == 0));
  }
  const MultiDigits other_seed = open({.digits = 4, .seed = 3}, Role::probe_test);
  CHECK(other_seed.scene(in_epoch(0, 0)).digits[0].y != open({}, Role::probe_test).scene(in_epoch(0, 0)).digits[0].y);
}

TEST_CASE("multidigits: with a grid, too, probes see digits anywhere") {
  const MultiDigits source = open({.digits = 4, .placement = Placement::grid}, Role::probe_train);
  int off_grid = 0;
  for (std::int64_t i = 0; i < 100; ++i) off_grid += source.scene(in_epoch(i, 0)).digits[0].y % 28 != 0;
  CHECK(off_grid > 80);
}

TEST_CASE("multidigits: two sizes have a label set each, and probes see the size that they ask for") {
  const Options options{.digits = 2, .second_size = 60};
  const MultiDigits source = open(options);
  CHECK(source.layout().labels == std::vector<data::LabelSet>{{.name = "digit", .classes = 10, .per_example = 2},
                                                              {.name = "first_digit", .classes = 10},
                                                              {.name = "second_digit", .classes = 10}});
  Example example;
  for (std::int64_t i = 0; i < 50; ++i) {
    const MultiDigits::Scene scene = source.scene(in_epoch(i, 0));
    CHECK(scene.digits[0].extent == data::Extent{20, 20});
    CHECK(scene.digits[1].extent == data::Extent{60, 60});
    CHECK(std::max(scene.digits[0].y, scene.digits[0].x) <= 92);
    CHECK(std::max(scene.digits[1].y, scene.digits[1].x) <= 52);
    source.read(in_epoch(i, 0), {}, example);
    const auto first = static_cast<std::int32_t>(scene.digits[0].digit % 10);
    const auto second = static_cast<std::int32_t>(scene.digits[1].digit % 10);
    CHECK(example.labels == std::vector<std::int32_t>{first, second, first, second});
  }
  for (const Probe probe : {Probe::first, Probe::second}) {
    Options of_probe = options;
    of_probe.probe = probe;
    const MultiDigits alone = open(of_probe, Role::probe_test);
    CHECK(alone.layout().labels ==
          std::vector<data::LabelSet>{{.name = "digit", .classes = 10},
                                      {.name = probe == Probe::first ? "first_digit" : "second_digit", .classes = 10}});
    const std::int64_t side = probe == Probe::first ? 20 : 60;
    CHECK(alone.scene(in_epoch(3, 0)).digits[0].extent == data::Extent{side, side});
    alone.read(in_epoch(3, 0), {}, example);
    CHECK(example.labels == std::vector<std::int32_t>{3, 3});
  }
}

TEST_CASE("multidigits: the fingerprint tells every option and the role apart, not the run") {
  std::set<std::string> seen;
  const std::vector<Options> different{{},
                                       {.digits = 3},
                                       {.placement = Placement::grid},
                                       {.canvas = 113},
                                       {.combine = Combine::sum},
                                       {.second_size = 30},
                                       {.first_size = 21, .second_size = 30},
                                       {.second_size = 30, .probe = Probe::second},
                                       {.channels = 1},
                                       {.seed = 1}};
  for (const Options& options : different) seen.insert(fingerprint(open(options)));
  seen.insert(fingerprint(open({}, Role::probe_train)));
  CHECK(seen.size() == different.size() + 1);
  CHECK(fingerprint(open({}, Role::pretrain, 1)) == fingerprint(open({}, Role::pretrain, 2)));
}

TEST_CASE("multidigits: describes itself") {
  CHECK(open({.digits = 3}).describe() ==
        "3 digits on a canvas of 112 x 112, placed at random, from discs (1000 images)");
  CHECK(open({.digits = 3, .placement = Placement::grid}).describe() ==
        "3 digits on a canvas of 112 x 112, placed in a grid, from discs (1000 images)");
  CHECK(open({.second_size = 30}).describe() ==
        "2 digits of 20 and 30 pixels on a canvas of 112 x 112, placed at random, from discs (1000 images)");
  CHECK(open({.second_size = 30, .probe = Probe::second}, Role::probe_test).describe() ==
        "one digit of 30 pixels on a canvas of 112 x 112, placed at random, from discs (1000 images)");
}

TEST_CASE("multidigits: refuses options that make no canvas, in a sentence each") {
  const auto expect = [](const Options& options, const char* sentence) {
    CHECK_THROWS_WITH_AS(open(options), sentence, engine::Error);
  };
  expect({.digits = 0}, "multidigits: expected 1 to 16 digits per canvas, got digits=0");
  expect({.digits = 17}, "multidigits: expected 1 to 16 digits per canvas, got digits=17");
  expect({.canvas = 0}, "multidigits: expected a canvas of 1 to 4096 pixels, got canvas=0");
  expect({.canvas = 5000}, "multidigits: expected a canvas of 1 to 4096 pixels, got canvas=5000");
  expect({.channels = 2}, "multidigits: expected 1 or 3 channels, got channels=2");
  expect({.canvas = 27}, "multidigits: a digit of 28 x 28 pixels does not fit a canvas of 27 x 27; enlarge the canvas");
  expect({.second_size = 113},
         "multidigits: a digit of 113 x 113 pixels does not fit a canvas of 112 x 112; enlarge the canvas");
  expect(
      {.digits = 16, .placement = Placement::grid, .canvas = 111},
      "multidigits: a grid on a canvas of 111 x 111 has 9 cells for digits of 28 x 28 pixels, got digits=16; enlarge "
      "the canvas or place the digits at random");
  expect({.second_size = -1},
         "multidigits: expected a second size of at least one pixel, or 0 for digits of one size, got second_size=-1");
  expect({.first_size = 0, .second_size = 30},
         "multidigits: expected a first size of at least one pixel, got first_size=0");
  expect({.digits = 3, .second_size = 30},
         "multidigits: with second_size a canvas has one digit of each of two sizes; expected digits=2, got digits=3");
  expect({.placement = Placement::grid, .second_size = 30},
         "multidigits: a grid has cells of one size; leave second_size out, or place the digits at random");
}
