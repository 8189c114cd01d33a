#pragma once
#include "data/source.h"
#include "kernels/runtime/error.h"

/// 2 x 3 x 1 images whose first byte is their index and whose label is index mod 4, so that contents show their origin.
class RampSource : public data::Source {
 public:
  explicit RampSource(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  engine::Shape image_shape() const override { return {2, 3, 1}; }
  int classes() const override { return 4; }
  void image(std::int64_t i, std::uint8_t* out) const override {
    if (i == bad_example) throw engine::DataError(engine::concat("example ", i, " is damaged"));
    for (int byte = 0; byte < 6; ++byte) out[byte] = static_cast<std::uint8_t>(i + byte);
  }
  std::int32_t label(std::int64_t i) const override { return static_cast<std::int32_t>(i % 4); }
  std::string describe() const override { return "ramp"; }

  std::int64_t bad_example = -1;  ///< image() throws for this example

 private:
  std::int64_t size_;
};
