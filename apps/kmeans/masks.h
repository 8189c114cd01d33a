#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/source.h"
#include "engine/io/npy.h"
#include "kernels/crop_sampler.h"

namespace apps {

/// An image as a network sees it: the part of the stored image that its view shows.
struct SeenPart {
  data::Extent image;
  kernels::CropBox box;
};

/// What belongs together in images, as told by somebody: segmentation masks.
class Masks {
 public:
  /// A directory with a PNG file for each image file of the source, of the same name but for its end and in the same
  /// subdirectory or in none; every colour is a region. Or a .npy file of whole numbers, [examples of the source,H,W].
  /// Throws engine::DataError if it is neither, or does not fit.
  Masks(const std::filesystem::path& path, const data::Source& source);

  /// The regions in the middles of a grid's cells, row by row. The mask must have the image's shape, at any scale;
  /// otherwise throws engine::DataError.
  std::vector<std::int64_t> at(std::int64_t example, const SeenPart& seen, const data::Extent& grid) const;

 private:
  /// The mask of an example, and where it is from.
  struct Mask {
    std::string name;
    data::Extent extent;
    std::vector<std::int64_t> regions;
  };
  Mask from_file(std::int64_t example) const;
  Mask from_array(std::int64_t example) const;

  const data::Source& source_;
  std::filesystem::path path_;
  std::unique_ptr<engine::NpyFile> array_;  // none: a directory
};

}  // namespace apps
