#pragma once
#include "data/source.h"

namespace data {

/// Images without content, all of them mid-grey, in any number and of any size: what a run costs can be tried and timed
/// without the data that it is for. Image i is of class i mod `classes`.
class Blank final : public Source {
 public:
  static constexpr std::int64_t kMostExamples = std::int64_t{1} << 40;
  static constexpr std::int64_t kMostSide = 16384;
  static constexpr int kMostChannels = 1024, kMostClasses = 1 << 24;

  /// By default as many as ImageNet has, of its usual size.
  struct Options {
    std::int64_t examples = 1281167;
    std::int64_t test_examples = 0;  ///< of the test split; 0: a tenth of the others, and at least one
    Extent extent{.height = 375, .width = 500};
    int channels = 3;
    int classes = 1000;  ///< 0: no labels
  };

  /// Throws engine::Error for options out of range.
  Blank(const Options& options, Split split);

  std::int64_t size() const override;
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t example) const override;
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  Options options_;
  Split split_;
  InputLayout layout_;
};

}  // namespace data
