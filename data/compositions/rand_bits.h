#pragma once
#include <memory>

#include "data/source.h"

namespace data {

/// Adds b random bits to every example: a feature that both views share and that competes with the image ("RandBit",
/// Chen, Luo & Li 2021, section 5). The integer is uniform in [0, 2^b): the views share b bits of mutual information.
///
/// By default the bits belong to the example: splitmix64(index) mod 2^b, the same in every epoch and in both splits, as
/// in the authors' notebook. With `per_fetch` every visit draws new bits, which its views still share.
///
/// The bits are also a set of labels, "bits", of 2b classes and b labels per example: bit j of value v is class 2j + v.
class RandBits final : public Source {
 public:
  struct Options {
    int bits = 0;  ///< 0 to 64
    bool per_fetch = false;
    std::uint64_t seed = 0;  ///< of the bits drawn per fetch
    bool operator==(const Options&) const = default;
  };
  /// Throws engine::Error if the number of bits is outside 0..64 or the source already has bits.
  RandBits(std::shared_ptr<const Source> source, const Options& options);

  std::int64_t size() const override { return source_->size(); }
  engine::Shape image_shape() const override { return source_->image_shape(); }
  int classes() const override { return source_->classes(); }
  void image(std::int64_t i, std::uint8_t* out) const override { source_->image(i, out); }
  std::int32_t label(std::int64_t i) const override { return source_->label(i); }
  std::vector<LabelSet> label_sets() const override;
  void labels(std::size_t set, std::int64_t i, std::uint64_t bits, std::int32_t* out) const override;
  int bit_planes() const override { return options_.bits; }
  std::uint64_t bits(std::int64_t i, std::uint64_t fetch) const override;
  std::string describe() const override;

 private:
  std::shared_ptr<const Source> source_;
  Options options_;
};

}  // namespace data
