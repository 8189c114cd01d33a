#pragma once
#include "data/source.h"
#include "kernels/runtime/error.h"

/// Digits that a formula makes, as in tools/golden/scenes.py: discs of radius 6 to 13 filled with a ramp, [28,28,1];
/// the label of digit i is i mod 10.
class DiscDigits : public data::Source {
 public:
  explicit DiscDigits(std::int64_t size = 1000) : size_(size) {
    layout_of.channels = 1;
    layout_of.extent = data::Extent{28, 28};
    layout_of.labels = {{.name = "label", .classes = 10}};
  }
  std::int64_t size() const override { return size_; }
  const data::InputLayout& layout() const override { return layout_of; }
  void read(const data::Visit& visit, const data::DecodeHint& /*hint*/, data::Example& example) const override {
    const std::int64_t i = visit.example;
    std::uint8_t* out = example.resize({28, 28}, 1);
    for (std::int64_t y = 0; y < 28; ++y) {
      for (std::int64_t x = 0; x < 28; ++x) {
        const std::int64_t dy = 2 * y - 27, dx = 2 * x - 27, side = 12 + 2 * (i % 8);
        *out++ = static_cast<std::uint8_t>(dy * dy + dx * dx < side * side ? (37 * i + 11 * y + 5 * x) % 256 : 0);
      }
    }
    example.labels.assign(1, static_cast<std::int32_t>(i % 10));
    example.bits = {};
  }
  std::optional<std::int32_t> label(std::int64_t i) const override { return static_cast<std::int32_t>(i % 10); }
  std::string describe() const override { return engine::concat("discs (", size_, " images)"); }

  data::InputLayout layout_of;  ///< what a test may change

 private:
  std::int64_t size_;
};

/// Colour images that a formula makes, as in tools/golden/scenes.py; the label of image i is i mod 4.
class RampImages : public data::Source {
 public:
  explicit RampImages(const data::Extent& extent) : extent_(extent) {
    layout_of.channels = 3;
    layout_of.extent = extent;
    layout_of.labels = {{.name = "label", .classes = 4}};
  }
  std::int64_t size() const override { return 500; }
  const data::InputLayout& layout() const override { return layout_of; }
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    data::Extent extent = extent_;
    if (hint.least_side > 0) extent = {hint.least_side, hint.least_side};  // as if it were decoded no larger
    std::uint8_t* out = example.resize(extent, 3);
    for (std::int64_t y = 0; y < extent.height; ++y) {
      for (std::int64_t x = 0; x < extent.width; ++x) {
        for (std::int64_t c = 0; c < 3; ++c) {
          *out++ = static_cast<std::uint8_t>((13 * visit.example + 3 * y + 5 * x + 50 * c) % 200);
        }
      }
    }
    example.labels.assign(1, static_cast<std::int32_t>(visit.example % 4));
    example.bits = {9, 9};
  }
  std::optional<std::int32_t> label(std::int64_t i) const override { return static_cast<std::int32_t>(i % 4); }
  std::string describe() const override { return "ramps"; }

  data::InputLayout layout_of;  ///< what a test may change

 private:
  data::Extent extent_;
};
