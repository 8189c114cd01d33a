#include "data/source.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "data/compositions/rand_bits.h"
#include "data/compositions/resident.h"
#include "kernels/runtime/error.h"
#include "tests/data/drawn_source.h"

namespace {

/// Images and labels that a test can change.
class PlainSource final : public tests::DrawnSource {
 public:
  PlainSource(std::int64_t size, const engine::Shape& shape)
      : DrawnSource(size, shape, 10, {}, "plain"),
        pixels(static_cast<std::size_t>(size * shape.elements())),
        labels(static_cast<std::size_t>(size)) {
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);
    draw_ = [this, bytes = shape.elements()](std::int64_t i, std::uint8_t* out) {
      std::copy_n(pixels.begin() + i * bytes, bytes, out);
    };
  }
  std::optional<std::int32_t> label(std::int64_t i) const override { return labels[static_cast<std::size_t>(i)]; }

  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
};

/// Images of two sizes with the same bytes.
class TwoSizes final : public tests::DrawnSource {
 public:
  explicit TwoSizes(bool swapped) : DrawnSource(2, {2, 3, 1}, 2, {}, "two sizes"), swapped_(swapped) {
    layout_.extent.reset();
  }
  void read(const data::Visit& visit, const data::DecodeHint&, data::Example& example) const override {
    const bool tall = (visit.example == 0) == swapped_;
    std::fill_n(example.resize(tall ? data::Extent{3, 2} : data::Extent{2, 3}, 1), 6, std::uint8_t{9});
    example.labels.assign(1, 0);
    example.bits = {};
  }

 private:
  bool swapped_;
};

}  // namespace

TEST_CASE("fingerprint: every pixel, every label, the order and the shape count") {
  // More than is hashed at once.
  const std::int64_t size = 3000;
  PlainSource source(size, {28, 28, 1});
  const std::string before = data::fingerprint(source);
  CHECK(before.size() == 64);
  CHECK(data::fingerprint(source) == before);
  for (const std::int64_t i : {std::int64_t{0}, std::int64_t{1336}, std::int64_t{1337}, std::int64_t{1338}, size - 1}) {
    CAPTURE(i);
    const auto pixel = static_cast<std::size_t>(i * 784 + 783);
    source.pixels[pixel] ^= 1;
    CHECK(data::fingerprint(source) != before);
    source.pixels[pixel] ^= 1;
    source.labels[static_cast<std::size_t>(i)] ^= 1;
    CHECK(data::fingerprint(source) != before);
    source.labels[static_cast<std::size_t>(i)] ^= 1;
  }
  std::swap(source.labels[1], source.labels[2]);
  CHECK(data::fingerprint(source) != before);
  std::swap(source.labels[1], source.labels[2]);
  CHECK(data::fingerprint(source) == before);
  CHECK(data::fingerprint(PlainSource(size, {14, 56, 1})) != before);
  CHECK(data::fingerprint(PlainSource(size - 1, {28, 28, 1})) != before);
}

TEST_CASE("fingerprint: the same whether the images are held in memory or have bits") {
  const auto source = std::make_shared<PlainSource>(20, engine::Shape{5, 3, 2});
  const auto resident = std::make_shared<data::Resident>(source, data::Resident::Fingerprint::of_images);
  CHECK(data::fingerprint(*resident) == data::fingerprint(*source));
  CHECK(data::fingerprint(data::RandBits(resident, {.bits = 5})) == data::fingerprint(*source));
}

TEST_CASE("fingerprint: of images of different sizes, the sizes count") {
  CHECK(data::fingerprint(TwoSizes(false)) != data::fingerprint(TwoSizes(true)));
}

TEST_CASE("source: images of different sizes have no shape, and the error says what to do") {
  CHECK_THROWS_WITH_AS(
      image_shape(TwoSizes(false)),
      "two sizes has images of different sizes, and a network needs one; give --image-size, or use resize(SOURCE, "
      "size=N)",
      engine::DataError);
}

TEST_CASE("source: a label set is found by its name, and the first by the name that all have") {
  const data::InputLayout layout{
      .labels = {{.name = "digit", .classes = 10, .per_example = 2}, {.name = "bits", .classes = 6, .per_example = 3}}};
  CHECK(layout.find("bits") == 1);
  CHECK(layout.find("digit") == 0);
  CHECK(layout.find("label") == 0);
  CHECK_FALSE(layout.find("shape"));
  CHECK_FALSE(data::InputLayout{}.find("label"));
  CHECK(layout.label_count() == 5);
}
