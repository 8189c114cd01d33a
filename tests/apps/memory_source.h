#pragma once
#include "data/source.h"

namespace tests {

/// A small source for tests: 28 x 28 images of pseudo-random pixels, with labels that cycle through the classes.
class MemorySource final : public data::Source {
 public:
  explicit MemorySource(std::int64_t size, int bit_planes = 0) : size_(size), bit_planes_(bit_planes) {}

  std::int64_t size() const override { return size_; }
  engine::Shape image_shape() const override { return {28, 28, 1}; }
  int classes() const override { return 10; }
  void image(std::int64_t i, std::uint8_t* out) const override {
    auto state = static_cast<std::uint32_t>(i + 1) * 2654435761u;
    for (int pixel = 0; pixel < 28 * 28; ++pixel) {
      state = state * 1664525u + 1013904223u;
      out[pixel] = static_cast<std::uint8_t>(state >> 24);
    }
  }
  std::int32_t label(std::int64_t i) const override { return static_cast<std::int32_t>(i % classes()); }
  int bit_planes() const override { return bit_planes_; }
  std::uint64_t bits(std::int64_t i, std::uint64_t) const override {
    return static_cast<std::uint64_t>(i) & ((std::uint64_t{1} << bit_planes_) - 1);
  }
  std::string describe() const override { return "test images"; }

 private:
  std::int64_t size_;
  int bit_planes_;
};

}  // namespace tests
