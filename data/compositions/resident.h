#pragma once
#include <memory>
#include <span>
#include <vector>

#include "data/source.h"

namespace data {

/// A source whose images and labels are drawn once into contiguous memory: size * H * W * C bytes. Useful for small
/// sets that are slow to decode or draw. Bits still come from the original source, because they are cheap and may
/// change from fetch to fetch.
class Resident final : public Source {
 public:
  /// Draws every example, on all OpenMP threads. Passes on exceptions of the source.
  explicit Resident(std::shared_ptr<const Source> source);

  std::int64_t size() const override { return source_->size(); }
  engine::Shape image_shape() const override { return source_->image_shape(); }
  int classes() const override { return source_->classes(); }
  void image(std::int64_t i, std::uint8_t* out) const override;
  std::int32_t label(std::int64_t i) const override { return labels_[static_cast<std::size_t>(i)]; }
  int bit_planes() const override { return source_->bit_planes(); }
  std::uint64_t bits(std::int64_t i, std::uint64_t fetch) const override { return source_->bits(i, fetch); }
  std::string describe() const override { return source_->describe() + ", resident"; }

  /// All images, [size,H,W,C], and all labels, [size].
  std::span<const std::uint8_t> images() const { return images_; }
  std::span<const std::int32_t> labels() const { return labels_; }

 private:
  std::shared_ptr<const Source> source_;
  std::vector<std::uint8_t> images_;
  std::vector<std::int32_t> labels_;
};

}  // namespace data
