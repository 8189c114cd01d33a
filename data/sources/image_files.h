#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/bad_files.h"
#include "data/source.h"
#include "data/sources/image_splits.h"

namespace data {

/// Images as JPEG and PNG files, always decoded to RGB.
class ImageFiles final : public Source {
 public:
  struct Options {
    bool labels = true;  ///< off: directories are no classes
    /// An image that cannot be read or decoded is replaced by the next one of its class, and noted here. Without it,
    /// such an image is an error.
    std::shared_ptr<BadFiles> skip_bad;
  };

  /// `kind` is how the source is written, "folder", and `place` what stands behind it.
  ImageFiles(const std::string& kind, const std::string& place, const ImageSplits& splits, Split split,
             const Options& options);

  std::int64_t size() const override { return static_cast<std::int64_t>(split_.images.size()); }
  /// With an extent, if all images are of one size. Images are looked at until two differ, 100000 at most; one whose
  /// size cannot be read is an error at once, unless it will be replaced.
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t example) const override;
  /// Of names below the split, sizes of files, and labels: the same for a folder and its archive.
  void fingerprint(engine::Sha256& hash) const override;
  std::string file_name(std::int64_t example) const override {
    return std::string(split_.image_name(static_cast<std::size_t>(example)));
  }
  std::string describe() const override { return description_; }

 private:
  std::optional<Extent> common_extent() const;
  /// Hands the bytes of an image's file to `work`, which throws engine::DataError with what is wrong with them.
  template <class Work>
  void with_file(std::int64_t example, StageTimes* times, const Work& work) const;
  void decode(std::int64_t example, const DecodeHint& hint, Example& out) const;
  std::int64_t next_of_class(std::int64_t example) const;

  ImageSplit split_;
  std::vector<std::int32_t> labels_;
  std::shared_ptr<BadFiles> skip_bad_;
  InputLayout layout_;
  std::string description_;
};

}  // namespace data
