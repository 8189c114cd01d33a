#include "data/compositions/digit_source.h"

#include <doctest/doctest.h>

#include "tests/data/compositions/disc_digits.h"

TEST_CASE("digit source: gives the label set of the digits, whatever their classes") {
  DiscDigits digits;
  digits.layout_of.labels = {{.name = "letter", .classes = 26}};
  CHECK(data::digit_labels("multidigits", digits) == data::LabelSet{.name = "letter", .classes = 26});
}

TEST_CASE("digit source: refuses what cannot be drawn as digits, in a sentence each") {
  const auto expect = [](const DiscDigits& digits, const char* sentence) {
    CHECK_THROWS_WITH_AS(data::digit_labels("overlay", digits), sentence, engine::DataError);
  };
  expect(DiscDigits(0), "overlay: discs (0 images) holds no digits");
  DiscDigits digits(5);
  const data::InputLayout good = digits.layout_of;
  digits.layout_of.channels = 3;
  expect(digits, "overlay: expected grey digits, but discs (5 images) has 3 channels");
  digits.layout_of = good;
  digits.layout_of.extent.reset();
  expect(digits,
         "overlay: expected digits of one size, but the images of discs (5 images) differ in size; resize them");
  digits.layout_of = good;
  digits.layout_of.bit_planes = 4;
  expect(digits,
         "overlay: discs (5 images) has random bits, which digits on a canvas would lose; add the bits outside");
  digits.layout_of = good;
  digits.layout_of.labels[0].per_example = 2;
  expect(digits, "overlay: expected digits with one label each, but discs (5 images) has several per image");
  digits.layout_of.labels.clear();
  expect(digits, "overlay: expected digits with one label each, but discs (5 images) has no labels");
}
