#pragma once
#include "data/source.h"

namespace data {

/// Digits drawn on demand that look handwritten, so that everything runs without any data files: 60000 training and
/// 10000 test images [28,28,1], light ink on black, ten classes. Replaces MNIST in demos, never in reported results.
///
/// Image i of a split is a pure function of (split, i): a glyph of its digit (data/sources/glyphs.h) is bent, slanted,
/// scaled and placed at random, drawn with a pen of varying width, and given stray marks and noise.
class Digits final : public Source {
 public:
  explicit Digits(Split split) : split_(split) {}

  std::int64_t size() const override { return split_ == Split::train ? 60000 : 10000; }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t i) const override;
  std::string describe() const override;

 private:
  Split split_;
  InputLayout layout_{.channels = 1, .extent = Extent{28, 28}, .labels = {{.name = kClassLabel, .classes = 10}}};
};

}  // namespace data
