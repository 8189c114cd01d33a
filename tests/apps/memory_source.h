#pragma once
#include "tests/data/drawn_source.h"

namespace tests {

/// A small source for tests: 28 x 28 images of pseudo-random pixels, with labels that cycle through the classes, and
/// bits that count.
class MemorySource final : public DrawnSource {
 public:
  explicit MemorySource(std::int64_t size, int bit_planes = 0)
      : DrawnSource(
            size, {28, 28, 1}, 10,
            [](std::int64_t i, std::uint8_t* pixels) {
              auto state = static_cast<std::uint32_t>(i + 1) * 2654435761u;
              for (int pixel = 0; pixel < 28 * 28; ++pixel) {
                state = state * 1664525u + 1013904223u;
                pixels[pixel] = static_cast<std::uint8_t>(state >> 24);
              }
            },
            "test images") {
    layout_.bit_planes = bit_planes;
  }
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    DrawnSource::read(visit, hint, example);
    example.bits.fill(static_cast<std::uint64_t>(visit.example) & ((std::uint64_t{1} << layout_.bit_planes) - 1));
  }
};

}  // namespace tests
