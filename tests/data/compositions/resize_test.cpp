#include "data/compositions/resize.h"

#include <doctest/doctest.h>

#include <span>

#include "data/compositions/overlay.h"
#include "data/image/resize.h"
#include "engine/io/sha256.h"
#include "kernels/runtime/error.h"
#include "tests/data/compositions/disc_digits.h"

using data::Example;
using data::Extent;
using data::Overlay;
using data::Resize;
using data::Role;

namespace {

/// Images of several sizes, two labels and bits. Remembers what it was asked for.
class Ramps final : public data::Source {
 public:
  explicit Ramps(int channels) {
    layout_.channels = channels;
    layout_.labels = {{.name = "a", .classes = 3, .per_example = 1}, {.name = "b", .classes = 9, .per_example = 1}};
  }
  std::int64_t size() const override { return 4; }
  const data::InputLayout& layout() const override { return layout_; }
  void read(const data::Visit& visit, const data::DecodeHint& hint, Example& example) const override {
    asked_for = hint.least_side;
    const Extent extent{.height = 20 + 10 * visit.example, .width = 40};
    std::uint8_t* out = example.resize(extent, layout_.channels);
    for (std::int64_t i = 0; i < extent.pixels() * layout_.channels; ++i)
      out[i] = static_cast<std::uint8_t>(i * 5 + static_cast<std::int64_t>(visit.fetch));
    example.labels = {1, static_cast<std::int32_t>(visit.example)};
    example.bits = {5, 6};
  }
  std::optional<std::int32_t> label(std::int64_t example) const override {
    return static_cast<std::int32_t>(example + 7);
  }
  bool varies() const override { return true; }
  void fingerprint(engine::Sha256& hash) const override { hash.update(std::as_bytes(std::span(&layout_.channels, 1))); }
  std::string describe() const override { return "ramps"; }

  mutable std::int64_t asked_for = -1;

 private:
  data::InputLayout layout_;
};

}  // namespace

TEST_CASE("resize: squash resizes the whole image, crop the middle of it") {
  for (const int channels : {1, 3}) {
    const auto ramps = std::make_shared<Ramps>(channels);
    const Extent to{.height = 16, .width = 12};
    const Resize squash(ramps, {.size = to, .mode = Resize::Mode::squash}), crop(ramps, {.size = to});
    Example example, original;
    data::ResizeScratch scratch;
    std::vector<std::uint8_t> expected(static_cast<std::size_t>(to.pixels() * channels));
    for (std::int64_t i = 0; i < 4; ++i) {
      const data::Visit visit{.example = i, .fetch = static_cast<std::uint64_t>(i + 100)};
      ramps->read(visit, {}, original);
      const data::ConstImage image{.pixels = original.pixels.data(), .extent = original.extent};
      squash.read(visit, {}, example);
      data::resize(image, channels, to, expected.data(), scratch);
      CHECK(example.extent == to);
      CHECK(example.pixels == expected);
      crop.read(visit, {}, example);
      const Extent whole = data::covering(original.extent, to);
      data::resize_part(image, channels, whole, data::centre(whole, to), expected.data(), scratch);
      CHECK(example.extent == to);
      CHECK(example.pixels == expected);
      CHECK(example.labels == original.labels);
      CHECK(example.bits == original.bits);
    }
  }
}

TEST_CASE("resize: asks for images that need not grow, whatever it is asked for itself") {
  const auto ramps = std::make_shared<Ramps>(3);
  const Resize source(ramps, {.size = {.height = 16, .width = 12}});
  Example example;
  source.read({}, {.least_side = 1000}, example);
  CHECK(ramps->asked_for == 16);
  CHECK(example.extent == Extent{.height = 16, .width = 12});
}

TEST_CASE("resize: an image of the size stays as it is") {
  const auto ramps = std::make_shared<Ramps>(1);
  Example example, original;
  ramps->read({}, {}, original);
  Resize(ramps, {.size = original.extent}).read({}, {}, example);
  CHECK(example.pixels == original.pixels);
}

TEST_CASE("resize: allocates nothing once it is warm") {
  const auto ramps = std::make_shared<Ramps>(3);
  const Resize source(ramps, {.size = {.height = 16, .width = 12}});
  Example example;
  for (std::int64_t i = 3; i >= 0; --i) source.read({.example = i}, {}, example);
  for (std::int64_t i = 3; i >= 0; --i) source.read({.example = i}, {}, example);
  const std::uint8_t* pixels[] = {example.pixels.data(), example.scratch().pixels.data()};
  for (std::int64_t i = 3; i >= 0; --i) {
    source.read({.example = i}, {}, example);
    std::swap(pixels[0], pixels[1]);
    CHECK(example.pixels.data() == pixels[0]);
    CHECK(example.scratch().pixels.data() == pixels[1]);
  }
}

TEST_CASE("resize: changes the extent and nothing else of what a source says") {
  const auto ramps = std::make_shared<Ramps>(3);
  const Resize source(ramps, {.size = {.height = 16, .width = 12}, .mode = Resize::Mode::squash});
  CHECK(source.size() == 4);
  CHECK(source.layout().extent == Extent{.height = 16, .width = 12});
  CHECK(source.layout().channels == 3);
  CHECK(source.layout().labels == ramps->layout().labels);
  CHECK(source.label(2) == 9);
  CHECK(source.varies());
  CHECK(source.describe() == "ramps resized to 16 x 12 (squash)");
  CHECK(Resize(ramps, {.size = {.height = 5, .width = 5}}).describe() == "ramps resized to 5 x 5 (crop)");
}

TEST_CASE("resize: refuses sizes and images that it cannot do") {
  const auto ramps = std::make_shared<Ramps>(3);
  CHECK_THROWS_WITH_AS(Resize(ramps, {}), "resize: expected sides of 1 to 16384 pixels, got 0 x 0", engine::Error);
  CHECK_THROWS_WITH_AS(Resize(ramps, {.size = {.height = 5, .width = 16385}}),
                       "resize: expected sides of 1 to 16384 pixels, got 5 x 16385", engine::Error);
  const auto by_view =
      std::make_shared<Overlay>(std::make_shared<RampImages>(Extent{64, 64}), std::make_shared<DiscDigits>(),
                                Overlay::Options{.fixed = false, .per_view = true}, Role::pretrain, 1);
  CHECK_THROWS_WITH_AS(Resize(by_view, {.size = {.height = 5, .width = 5}}),
                       "resize: ramps under one of 1000 digits, drawn for every view, from discs (1000 images) has an "
                       "image for each view; resize what it is made of",
                       engine::Error);
  CHECK_THROWS_WITH_AS(Resize(std::make_shared<Ramps>(4), {.size = {.height = 5, .width = 5}}),
                       "resize: expected images with 1 or 3 channels, and ramps has 4", engine::Error);
}

TEST_CASE("resize: the fingerprint tells sources and options apart without reading an image") {
  const auto fingerprint_of = [](int channels, const Resize::Options& options) {
    const auto ramps = std::make_shared<Ramps>(channels);
    const std::string fingerprint = data::fingerprint(Resize(ramps, options));
    CHECK(ramps->asked_for == -1);
    return fingerprint;
  };
  const Resize::Options options{.size = {.height = 16, .width = 12}};
  const std::string fingerprint = fingerprint_of(3, options);
  CHECK(fingerprint == fingerprint_of(3, options));
  CHECK(fingerprint != fingerprint_of(1, options));
  CHECK(fingerprint != fingerprint_of(3, {.size = {.height = 12, .width = 16}}));
  CHECK(fingerprint != fingerprint_of(3, {.size = options.size, .mode = Resize::Mode::squash}));
}
