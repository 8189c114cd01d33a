#pragma once
#include <functional>
#include <string>
#include <utility>

#include "data/source.h"

namespace tests {

/// A source whose images a function draws, and whose labels cycle through the classes.
class DrawnSource : public data::Source {
 public:
  using Draw = std::function<void(std::int64_t i, std::uint8_t* pixels)>;
  DrawnSource(std::int64_t size, const engine::Shape& image, int classes, Draw draw, std::string name = "drawn")
      : size_(size),
        layout_{.channels = static_cast<int>(image[2]),
                .extent = data::Extent{image[0], image[1]},
                .labels = {{.name = data::kClassLabel, .classes = classes}}},
        draw_(std::move(draw)),
        name_(std::move(name)) {}

  std::int64_t size() const override { return size_; }
  const data::InputLayout& layout() const override { return layout_; }
  void read(const data::Visit& visit, const data::DecodeHint&, data::Example& example) const override {
    std::uint8_t* pixels = example.resize(*layout_.extent, layout_.channels);
    if (draw_) draw_(visit.example, pixels);
    example.labels.assign(1, *label(visit.example));
    example.bits = {};
  }
  std::optional<std::int32_t> label(std::int64_t i) const override {
    return static_cast<std::int32_t>(i % layout_.labels[0].classes);
  }
  std::string describe() const override { return name_; }

 protected:
  std::int64_t size_;
  data::InputLayout layout_;
  Draw draw_;
  std::string name_;
};

/// A visit of an example, by default as evaluation visits it.
inline data::Example read_example(const data::Source& source, std::int64_t i, std::optional<std::uint64_t> fetch = {}) {
  data::Example example;
  source.read({.example = i, .fetch = fetch.value_or(static_cast<std::uint64_t>(i))}, {}, example);
  return example;
}

}  // namespace tests
