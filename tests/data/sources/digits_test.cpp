#include "data/sources/digits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "tests/data/drawn_source.h"

using data::Digits;
using data::Split;

namespace {

using Image = std::array<std::uint8_t, 28 * 28>;

Image draw(const Digits& digits, std::int64_t i) {
  Image image;
  std::ranges::copy(tests::read_example(digits, i).pixels, image.begin());
  return image;
}

}  // namespace

TEST_CASE("digits: has the shape and sizes of MNIST") {
  const Digits train(Split::train), test(Split::test);
  CHECK(train.size() == 60000);
  CHECK(test.size() == 10000);
  CHECK(image_shape(train) == engine::Shape{28, 28, 1});
  CHECK(train.layout().labels == std::vector<data::LabelSet>{{.name = "label", .classes = 10}});
  CHECK(train.layout().bit_planes == 0);
  CHECK(test.describe() == "digits: (test, 10000 drawn images)");
}

TEST_CASE("digits: an image is a function of split and index") {
  const Digits train(Split::train), test(Split::test);
  CHECK(draw(train, 41) == draw(train, 41));
  CHECK(draw(train, 41) == draw(Digits(Split::train), 41));
  CHECK(draw(train, 41) != draw(train, 42));
  CHECK(draw(train, 41) != draw(test, 41));
}

TEST_CASE("digits: the set is frozen") {
  const Digits train(Split::train);
  const int labels[8] = {5, 7, 5, 2, 3, 8, 3, 3};
  const double means[8] = {
      50.768, 24.849, 40.700, 27.754,
      27.158, 34.673, 29.645, 21.139};  // of the pixels; the last bit of a sine may differ between processors
  for (int i = 0; i < 8; ++i) {
    CHECK(train.label(i) == labels[i]);
    CHECK(tests::read_example(train, i).labels == std::vector{labels[i]});
    double sum = 0;
    for (const std::uint8_t pixel : draw(train, i)) sum += pixel;
    CHECK(std::abs(sum / 784 - means[i]) < 0.02);
  }
}

TEST_CASE("digits: classes are equally likely in both splits") {
  for (const Split split : {Split::train, Split::test}) {
    const Digits digits(split);
    int counts[10] = {};
    for (std::int64_t i = 0; i < digits.size(); ++i) ++counts[*digits.label(i)];
    const double expected = static_cast<double>(digits.size()) / 10;
    for (const int count : counts) CHECK(std::abs(count - expected) < 5 * std::sqrt(expected));
  }
}

TEST_CASE("digits: every image has ink, none is full, and the ink stays off the border") {
  const Digits train(Split::train);
  double border = 0;
  for (std::int64_t i = 0; i < 2000; ++i) {
    const Image image = draw(train, i);
    int bright = 0;
    for (std::size_t pixel = 0; pixel < image.size(); ++pixel) {
      bright += image[pixel] > 128;
      const std::size_t y = pixel / 28, x = pixel % 28;
      if (y == 0 || y == 27 || x == 0 || x == 27) border += image[pixel];
    }
    CHECK(bright >= 10);
    CHECK(bright < 400);
  }
  CHECK(border / (2000.0 * 108) < 8);  // mean over 255 levels: noise, stray marks and a rare long stroke
}

TEST_CASE("digits: what is drawn is the digit of the label: the mean image of a class finds its test images") {
  const Digits train(Split::train), test(Split::test);
  std::vector<std::array<double, 784>> means(10);
  int counts[10] = {};
  for (std::int64_t i = 0; i < 5000; ++i) {
    const Image image = draw(train, i);
    const auto label = static_cast<std::size_t>(*train.label(i));
    for (std::size_t pixel = 0; pixel < 784; ++pixel) means[label][pixel] += image[pixel];
    ++counts[label];
  }
  for (std::size_t c = 0; c < 10; ++c) {
    for (double& value : means[c]) value /= counts[c];
  }
  int correct = 0;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const Image image = draw(test, i);
    std::size_t best = 0;
    double best_distance = 1e300;
    for (std::size_t c = 0; c < 10; ++c) {
      double distance = 0;
      for (std::size_t pixel = 0; pixel < 784; ++pixel) distance += std::pow(image[pixel] - means[c][pixel], 2);
      if (distance < best_distance) best = c, best_distance = distance;
    }
    correct += static_cast<std::int32_t>(best) == test.label(i);
  }
  CHECK(correct > 650);  // well above chance, 100
  CHECK(correct < 950);  // the set is not trivial
}
