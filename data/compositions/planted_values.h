#pragma once
#include <memory>
#include <string>
#include <vector>

#include "data/compositions/rand_bits.h"
#include "data/source.h"

namespace data {

/// Plants a value from 0 to K-1 in every example: a feature of the user's own, such as the scanner that took the image.
/// The digits of the value as a binary number become constant planes, as random bits do, so that no augmentation
/// changes them.
///
/// A training image has its value of the file. The file says nothing of test images: they get values that are drawn
/// from it, value[splitmix64(index) mod N], and so do visits and views where the values are drawn anew.
///
/// Label sets: those of the source, then "planted", the value (of the first view).
class PlantedValues final : public Source {
 public:
  using Redraw = RandBits::Redraw;
  static constexpr std::int64_t kMostValues = 1000;
  static constexpr char kLabel[] = "planted";

  struct Options {
    std::vector<std::int32_t> values;
    std::string file = "the file";  ///< for messages
    Redraw redraw = Redraw::never;
    bool blank = false;  ///< all planes are zero
  };

  /// `run_seed` is the seed of values that are drawn anew. Throws engine::DataError if there is not one value for every
  /// training image, or only one value, and engine::Error if the source has bits already.
  PlantedValues(std::shared_ptr<const Source> source, Options options, Role role, std::uint64_t run_seed);

  std::int64_t size() const override { return source_->size(); }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t i) const override;
  bool varies() const override { return source_->varies() || redraws(); }
  std::string caption(const Visit& visit) const override { return source_->caption(visit.beneath()); }
  std::string file_name(std::int64_t example) const override { return source_->file_name(example); }
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  bool redraws() const { return options_.redraw != Redraw::never && !options_.blank; }
  std::int32_t value(const Visit& visit, int view) const;

  std::shared_ptr<const Source> source_;
  Options options_;
  Role role_;
  std::uint64_t run_seed_;
  InputLayout layout_;
};

}  // namespace data
