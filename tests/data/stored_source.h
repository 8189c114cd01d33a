#pragma once
#include <utility>
#include <vector>

#include "data/source.h"

namespace tests {

/// Examples that a test has made.
class StoredSource final : public data::Source {
 public:
  explicit StoredSource(data::InputLayout layout) : layout_(std::move(layout)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(examples.size()); }
  const data::InputLayout& layout() const override { return layout_; }
  void read(const data::Visit& visit, const data::DecodeHint&, data::Example& example) const override {
    example = examples[static_cast<std::size_t>(visit.example)];
  }
  std::string describe() const override { return "stored examples"; }

  std::vector<data::Example> examples;

 private:
  data::InputLayout layout_;
};

}  // namespace tests
