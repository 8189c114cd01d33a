#include "data/fingerprint.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "data/compositions/rand_bits.h"
#include "data/compositions/resident.h"

namespace {

/// Images and labels that a test can change.
class PlainSource final : public data::Source {
 public:
  PlainSource(std::int64_t size, engine::Shape shape)
      : shape_(shape),
        pixels(static_cast<std::size_t>(size * shape.elements())),
        labels(static_cast<std::size_t>(size)) {
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(labels.size()); }
  engine::Shape image_shape() const override { return shape_; }
  int classes() const override { return 10; }
  void image(std::int64_t i, std::uint8_t* out) const override {
    const std::int64_t bytes = shape_.elements();
    std::copy_n(pixels.begin() + i * bytes, bytes, out);
  }
  std::int32_t label(std::int64_t i) const override { return labels[static_cast<std::size_t>(i)]; }
  std::string describe() const override { return "plain"; }

 private:
  engine::Shape shape_;

 public:
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
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
  const auto resident = std::make_shared<data::Resident>(source);
  CHECK(data::fingerprint(*resident) == data::fingerprint(*source));
  CHECK(data::fingerprint(data::RandBits(resident, {.bits = 5})) == data::fingerprint(*source));
}
