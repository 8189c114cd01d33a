#pragma once
#include "apps/config/augmentation_options.h"
#include "apps/input/device_batch.h"
#include "apps/kmeans/masks.h"
#include "apps/kmeans/shown_image.h"
#include "data/loader.h"

namespace apps {

/// Reads images one after another, as a network sees them: the middle of each, in the shape and size of the view. One
/// by one, so that what is found in an image does not depend on which others are looked at.
class ImageReader {
 public:
  struct Options {
    std::int64_t first = 0, count = 0;
    AugmentationOptions augment = {};  ///< of which the interpolation and the middle's share count
    int workers = 1;
    bool whole_files = false;  ///< decode no less than the stored image: its size is that of its mask
  };
  ImageReader(const engine::Context& context, const data::Source& source, const Options& options);

  struct Image {
    ShownImage shown;
    SeenPart seen;
    engine::Tensor view;  ///< [1,H,W,C + bit planes]
  };
  Image next();

 private:
  const data::Source& source_;
  kernels::AugmentationRules rules_;
  DeviceBatch batch_;
  data::Loader loader_;
};

}  // namespace apps
