#include "data/compositions/overlay.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/data/compositions/disc_digits.h"

using data::Combine;
using data::DecodeHint;
using data::Example;
using data::Extent;
using data::Overlay;
using data::Role;
using Options = data::Overlay::Options;

namespace {

Overlay open(const Options& options, Role role = Role::pretrain, std::uint64_t run_seed = 1,
             const Extent& extent = {224, 224}) {
  return {std::make_shared<RampImages>(extent), std::make_shared<DiscDigits>(), options, role, run_seed};
}

data::Visit in_epoch(std::int64_t example, std::uint64_t epoch) {
  return {.example = example, .fetch = epoch * 500 + static_cast<std::uint64_t>(example)};
}

}  // namespace

TEST_CASE("overlay: the nine places of the paper at 224 pixels, and in proportion elsewhere") {
  const Overlay source = open({});
  using Three = std::array<std::int64_t, 3>;
  const Overlay::Places paper = source.places({224, 224});
  CHECK(paper.y == Three{33, 100, 168});
  CHECK(paper.x == Three{33, 100, 168});
  CHECK(paper.side == 28);
  const Overlay::Places wide = source.places({64, 200});
  CHECK(wide.y == Three{9, 28, 48});
  CHECK(wide.x == Three{30, 90, 150});
  CHECK(wide.side == 8);
  CHECK(open({.digit_size = 20}).places({100, 100}).side == 20);
}

TEST_CASE("overlay: the digit is drawn nine times over the image, its class follows the image's labels") {
  for (const Combine combine : {Combine::max, Combine::sum}) {
    const Overlay source = open({.unique = 16, .combine = combine});
    const RampImages images({224, 224});
    const DiscDigits digits;
    CHECK(source.size() == 500);
    CHECK(source.layout().channels == 3);
    CHECK(source.layout().labels ==
          std::vector<data::LabelSet>{{.name = "label", .classes = 4}, {.name = "digit", .classes = 10}});
    Example example, expected, digit;
    for (std::int64_t i = 0; i < 20; ++i) {
      source.read(in_epoch(i, 0), {}, example);
      const std::int64_t shown = source.digit(in_epoch(i, 0));
      images.read(in_epoch(i, 0), {}, expected);
      digits.read({.example = shown, .fetch = 0}, {}, digit);
      for (const std::int64_t top : {33, 100, 168}) {
        for (const std::int64_t left : {33, 100, 168}) {
          for (std::int64_t at = 0; at < 28 * 28 * 3; ++at) {
            const std::int64_t y = top + at / 84, x = left + at / 3 % 28;
            std::uint8_t& pixel = expected.pixels[static_cast<std::size_t>((y * 224 + x) * 3 + at % 3)];
            const int ink = digit.pixels[static_cast<std::size_t>(at / 3)];
            pixel = static_cast<std::uint8_t>(combine == Combine::max ? std::max<int>(pixel, ink)
                                                                      : std::min(pixel + ink, 255));
          }
        }
      }
      CHECK(example.pixels == expected.pixels);
      CHECK(example.labels ==
            std::vector<std::int32_t>{static_cast<std::int32_t>(i % 4), static_cast<std::int32_t>(shown % 10)});
      CHECK(example.bits == expected.bits);
      CHECK(source.label(i) == i % 4);
    }
  }
}

TEST_CASE("overlay: a digit belongs to its image in every run, or is drawn at every visit") {
  const Overlay fixed = open({.unique = 64});
  CHECK_FALSE(fixed.varies());
  const Overlay drawn = open({.unique = 64, .fixed = false}),
                other_run = open({.unique = 64, .fixed = false}, Role::pretrain, 2);
  CHECK(drawn.varies());
  std::set<std::int64_t> seen;
  int changed = 0, changed_by_run = 0;
  for (std::int64_t i = 0; i < 500; ++i) {
    const std::int64_t digit = fixed.digit(in_epoch(i, 0));
    REQUIRE(digit < 64);
    seen.insert(digit);
    CHECK(fixed.digit(in_epoch(i, 9)) == digit);
    CHECK(open({.unique = 64}, Role::pretrain, 2).digit(in_epoch(i, 0)) == digit);
    CHECK(drawn.digit(in_epoch(i, 0)) < 64);
    changed += drawn.digit(in_epoch(i, 0)) != drawn.digit(in_epoch(i, 1));
    changed_by_run += drawn.digit(in_epoch(i, 0)) != other_run.digit(in_epoch(i, 0));
  }
  CHECK(seen.size() == 64);
  CHECK(changed > 450);
  CHECK(changed_by_run > 450);
}

TEST_CASE("overlay: probes are trained on the images of pretraining unless told otherwise, and tested on all digits") {
  const Overlay pretrain = open({.unique = 4}), probe = open({.unique = 4}, Role::probe_train);
  const Overlay wide_probe = open({.unique = 4, .probe_unique = 500}, Role::probe_train);
  const Overlay test = open({.unique = 4, .fixed = false}, Role::probe_test);
  CHECK_FALSE(test.varies());
  std::int64_t most_of_probe = 0, most_of_test = 0;
  for (std::int64_t i = 0; i < 500; ++i) {
    CHECK(pretrain.digit(in_epoch(i, 0)) < 4);
    CHECK(probe.digit(in_epoch(i, 0)) == pretrain.digit(in_epoch(i, 0)));
    CHECK(test.digit(in_epoch(i, 0)) == test.digit(in_epoch(i, 5)));
    most_of_probe = std::max(most_of_probe, wide_probe.digit(in_epoch(i, 0)));
    most_of_test = std::max(most_of_test, test.digit(in_epoch(i, 0)));
  }
  CHECK(most_of_probe > 450);
  CHECK(most_of_probe < 500);
  CHECK(most_of_test > 950);
  // A test set may have fewer digits than training shows.
  CHECK_NOTHROW(open({.unique = 60000}, Role::probe_test));
}

TEST_CASE("overlay: images of different sizes are covered in proportion, decoded no larger than the views need") {
  const auto images = std::make_shared<RampImages>(Extent{96, 64});
  images->layout_of.extent.reset();
  Example example;
  const Overlay source(images, std::make_shared<DiscDigits>(), {}, Role::pretrain, 1);
  CHECK_FALSE(source.layout().extent.has_value());
  source.read(in_epoch(3, 0), {}, example);
  CHECK(example.extent == Extent{96, 64});
  source.read(in_epoch(3, 0), DecodeHint{.least_side = 32}, example);
  CHECK(example.extent == Extent{32, 32});
  // A digit of a number of pixels is for the image as it is.
  const Overlay in_pixels(images, std::make_shared<DiscDigits>(), {.digit_size = 10}, Role::pretrain, 1);
  in_pixels.read(in_epoch(3, 0), DecodeHint{.least_side = 32}, example);
  CHECK(example.extent == Extent{96, 64});
}

TEST_CASE("overlay: images without labels are labelled by their digit") {
  const auto images = std::make_shared<RampImages>(Extent{224, 224});
  images->layout_of.labels.clear();
  const Overlay fixed(images, std::make_shared<DiscDigits>(), {}, Role::pretrain, 1);
  CHECK(fixed.label(7) == fixed.digit(in_epoch(7, 3)) % 10);
  const Overlay drawn(images, std::make_shared<DiscDigits>(), {.fixed = false}, Role::pretrain, 1);
  CHECK_FALSE(drawn.label(7).has_value());
}

TEST_CASE("overlay: the fingerprint tells every option and the role apart, not the run") {
  std::set<std::string> seen;
  const std::vector<Options> different{
      {}, {.unique = 3}, {.fixed = false}, {.combine = Combine::sum}, {.digit_size = 0.1}, {.seed = 1}};
  for (const Options& options : different) seen.insert(fingerprint(open(options)));
  seen.insert(fingerprint(open({}, Role::probe_train)));
  CHECK(seen.size() == different.size() + 1);
  CHECK(fingerprint(open({}, Role::pretrain, 1)) == fingerprint(open({}, Role::pretrain, 2)));
}

TEST_CASE("overlay: describes itself") {
  CHECK(open({.unique = 16}).describe() == "ramps under one of 16 digits from discs (1000 images)");
  CHECK(open({.fixed = false}).describe() ==
        "ramps under one of 1000 digits, drawn at every visit, from discs (1000 images)");
}

TEST_CASE("overlay: refuses what it cannot draw, in a sentence each") {
  const auto expect = [](const Options& options, const char* sentence) {
    CHECK_THROWS_WITH_AS(open(options), sentence, engine::Error);
  };
  expect({.unique = 1001}, "overlay: unique=1001 asks for more digits than the 1000 of discs (1000 images)");
  expect({.unique = -1},
         "overlay: expected a number of unique digits of at least 1, or 0 for all, got unique=-1 and probe_unique=0");
  CHECK_THROWS_WITH_AS(open({.probe_unique = 2000}, Role::probe_train),
                       "overlay: probe_unique=2000 asks for more digits than the 1000 of discs (1000 images)",
                       engine::DataError);
  expect({.digit_size = 0},
         "overlay: expected a digit size below 1, as a fraction of the image, or a number of whole pixels, got "
         "digit_size=0");
  expect({.digit_size = 2.5},
         "overlay: expected a digit size below 1, as a fraction of the image, or a number of whole pixels, got "
         "digit_size=2.5");
  expect({.digit_size = 57},
         "overlay: digits of 57 pixels do not fit at the nine places of an image of 224 x 224 of ramps; change "
         "digit_size or use larger images");
  CHECK_THROWS_WITH_AS(
      open({}, Role::pretrain, 1, {3, 3}),
      "overlay: digits of 0 pixels do not fit at the nine places of an image of 3 x 3 of ramps; change "
      "digit_size or use larger images",
      engine::DataError);
  const auto images = std::make_shared<RampImages>(Extent{20, 300});
  images->layout_of.extent.reset();
  const Overlay source(images, std::make_shared<DiscDigits>(), {.digit_size = 28}, Role::pretrain, 1);
  Example example;
  CHECK_THROWS_WITH_AS(source.read(in_epoch(0, 0), {}, example),
                       "overlay: digits of 28 pixels do not fit at the nine places of an image of 20 x 300 of ramps; "
                       "change digit_size or use larger images",
                       engine::DataError);
  images->layout_of.labels = {{.name = "digit", .classes = 4}};
  CHECK_THROWS_WITH_AS(Overlay(images, std::make_shared<DiscDigits>(), {}, Role::pretrain, 1),
                       "overlay: ramps has labels called digit already; lay digits over images without digits",
                       engine::DataError);
}

TEST_CASE("overlay: a digit for every view gives two images that differ in it alone") {
  const Overlay source = open({.fixed = false, .per_view = true}), per_visit = open({.fixed = false});
  CHECK(source.layout().image_views == 2);
  CHECK(per_visit.layout().image_views == 1);
  CHECK(open({.fixed = false, .per_view = true}, Role::probe_test).layout().image_views == 1);
  CHECK(source.describe() == "ramps under one of 1000 digits, drawn for every view, from discs (1000 images)");
  CHECK(fingerprint(source) != fingerprint(per_visit));
  int same = 0;
  Example example, first, second;
  for (std::int64_t i = 0; i < 500; ++i) {
    const std::int64_t one = source.digit(in_epoch(i, 2), 0), other = source.digit(in_epoch(i, 2), 1);
    CHECK(one == per_visit.digit(in_epoch(i, 2)));
    same += one == other;
  }
  CHECK(same < 6);  // 0.5 by chance
  for (std::int64_t i = 0; i < 5; ++i) {
    source.read(in_epoch(i, 2), {}, example);
    // As if each digit belonged to the image.
    RampImages images({224, 224});
    images.read(in_epoch(i, 2), {}, first);
    second.pixels = first.pixels;
    for (auto [view, pixels] : {std::pair(0, &first.pixels), std::pair(1, &second.pixels)}) {
      Example digit;
      DiscDigits().read({.example = source.digit(in_epoch(i, 2), view)}, {}, digit);
      for (const std::int64_t top : {33, 100, 168}) {
        for (const std::int64_t left : {33, 100, 168}) {
          for (std::int64_t at = 0; at < 28 * 28 * 3; ++at) {
            std::uint8_t& pixel =
                (*pixels)[static_cast<std::size_t>(((top + at / 84) * 224 + left + at / 3 % 28) * 3 + at % 3)];
            pixel = std::max(pixel, digit.pixels[static_cast<std::size_t>(at / 3)]);
          }
        }
      }
    }
    CHECK(example.pixels == first.pixels);
    CHECK(example.second == second.pixels);
    CHECK(example.labels.back() == source.digit(in_epoch(i, 2), 0) % 10);
    CHECK(source.caption(in_epoch(i, 2)) ==
          engine::concat("digit of image ", source.digit(in_epoch(i, 2), 0), " and ", source.digit(in_epoch(i, 2), 1)));
  }
}

TEST_CASE("overlay: an image can be shown with the digit that belongs to another one") {
  for (const Role role : {Role::pretrain, Role::probe_test}) {
    const Overlay source = open({}, role);
    data::Visit visit = in_epoch(4, 0);
    visit.donor = 9;
    CHECK(source.digit(visit) == source.digit(in_epoch(9, 0)));
    Example example, own;
    source.read(visit, {}, example);
    source.read(in_epoch(4, 0), {}, own);
    CHECK(example.labels == std::vector<std::int32_t>{0, static_cast<std::int32_t>(source.digit(visit) % 10)});
    CHECK(example.pixels != own.pixels);
  }
}

TEST_CASE("overlay: refuses digits for every view that belong to images, and images that differ by view") {
  CHECK_THROWS_WITH_AS(open({.per_view = true}),
                       "overlay: digits that are drawn for every view belong to no image: give fixed=off with "
                       "per_view=on",
                       engine::Error);
  const auto images = std::make_shared<RampImages>(Extent{224, 224});
  images->layout_of.image_views = 2;
  CHECK_THROWS_WITH_AS(Overlay(images, std::make_shared<DiscDigits>(), {}, Role::pretrain, 1),
                       "overlay: ramps has an image for each view; lay digits over what it is made of", engine::Error);
}
