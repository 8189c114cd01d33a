#pragma once
#include <memory>
#include <optional>

#include "data/source.h"
#include "kernels/runtime/names.h"

namespace data {

/// Images of any size become images of one size.
class Resize final : public Source {
 public:
  static constexpr std::int64_t kMostSide = 16384;
  enum class Mode {
    crop,   ///< the image is resized until it just covers the size, and its middle is cut out
    squash  ///< the whole image is resized, whatever its shape
  };
  struct Options {
    Extent size;  ///< 1 to kMostSide pixels a side
    Mode mode = Mode::crop;
  };
  /// Throws engine::Error if the size is none, or if the source's images are neither grey nor RGB.
  Resize(std::shared_ptr<const Source> source, const Options& options);

  std::int64_t size() const override { return source_->size(); }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t example) const override { return source_->label(example); }
  bool varies() const override { return source_->varies(); }
  std::string caption(const Visit& visit) const override { return source_->caption(visit); }
  std::string file_name(std::int64_t example) const override { return source_->file_name(example); }
  /// Of the source and the options: millions of images need not be decoded to be told apart.
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  std::shared_ptr<const Source> source_;
  Options options_;
  InputLayout layout_;
};

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::Resize::Mode> = {"crop", "squash"};
