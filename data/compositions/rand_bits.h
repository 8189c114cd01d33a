#pragma once
#include <memory>

#include "data/source.h"
#include "kernels/runtime/names.h"

namespace data {

/// Adds b random bits to every example: a feature that both views share and that competes with the image ("RandBit",
/// Chen, Luo & Li 2021, section 5). The integer is uniform in [0, 2^b): the views share b bits of mutual information.
///
/// By default the bits belong to the example: splitmix64(index) mod 2^b, the same in every epoch and in both splits, as
/// in the authors' notebook. They can also be drawn anew, for every visit (whose views share them) or for every view
/// (which then share nothing: the control). Blank bits are all zero: the same network sees images without the feature.
///
/// The bits are also a set of labels, "bits", of 2b classes and b labels per example: bit j of value v is class 2j + v,
/// of the first view.
class RandBits final : public Source {
 public:
  enum class Redraw { never, visit, view };
  struct Options {
    int bits = 0;  ///< 0 to 64
    Redraw redraw = Redraw::never;
    bool blank = false;      ///< all zero
    std::uint64_t seed = 0;  ///< of bits that are drawn anew
    bool operator==(const Options&) const = default;
  };
  /// Throws engine::Error if the number of bits is outside 0..64 or the source already has bits.
  RandBits(std::shared_ptr<const Source> source, const Options& options);

  std::int64_t size() const override { return source_->size(); }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t i) const override { return source_->label(i); }
  bool varies() const override { return source_->varies() || redraws(); }
  std::string caption(const Visit& visit) const override { return source_->caption(visit.beneath()); }
  std::string file_name(std::int64_t example) const override { return source_->file_name(example); }
  /// The source's: bits follow from the example's index and the options.
  void fingerprint(engine::Sha256& hash) const override { source_->fingerprint(hash); }
  std::string describe() const override;

 private:
  bool redraws() const { return options_.redraw != Redraw::never && !options_.blank; }
  std::uint64_t draw(const Visit& visit, int view) const;

  std::shared_ptr<const Source> source_;
  Options options_;
  InputLayout layout_;
};

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::RandBits::Redraw> = {"never", "visit", "view"};
