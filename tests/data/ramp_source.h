#pragma once
#include "kernels/runtime/error.h"
#include "tests/data/drawn_source.h"

/// 2 x 3 x 1 images whose first byte is their index and whose label is index mod 4, so that contents show their origin.
class RampSource : public tests::DrawnSource {
 public:
  explicit RampSource(std::int64_t size)
      : DrawnSource(
            size, {2, 3, 1}, 4,
            [](std::int64_t i, std::uint8_t* pixels) {
              for (int byte = 0; byte < 6; ++byte) pixels[byte] = static_cast<std::uint8_t>(i + byte);
            },
            "ramp") {}
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    if (visit.example == bad_example) throw engine::DataError(engine::concat("example ", visit.example, " is damaged"));
    DrawnSource::read(visit, hint, example);
  }

  std::int64_t bad_example = -1;  ///< reading it throws
};
