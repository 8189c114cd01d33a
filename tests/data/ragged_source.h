#pragma once
#include "data/source.h"

namespace tests {

/// Images that differ in size: example i has 3 + i % 5 rows of 2 + i % 7 pixels, which count up.
class RaggedSource final : public data::Source {
 public:
  explicit RaggedSource(std::int64_t size, int channels = 3)
      : size_(size), layout_{.channels = channels, .labels = {{.name = data::kClassLabel, .classes = 4}}} {}

  static data::Extent extent_of(std::int64_t i) { return {3 + i % 5, 2 + i % 7}; }

  std::int64_t size() const override { return size_; }
  const data::InputLayout& layout() const override { return layout_; }
  void read(const data::Visit& visit, const data::DecodeHint&, data::Example& example) const override {
    example.resize(extent_of(visit.example), layout_.channels);
    for (std::size_t byte = 0; byte < example.pixels.size(); ++byte)
      example.pixels[byte] = static_cast<std::uint8_t>(11 * visit.example + static_cast<std::int64_t>(byte));
    example.labels.assign(1, static_cast<std::int32_t>(visit.example % 4));
    example.bits = {};
  }
  std::string describe() const override { return "ragged images"; }

 private:
  std::int64_t size_;
  data::InputLayout layout_;
};

}  // namespace tests
