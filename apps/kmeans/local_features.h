#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/kmeans/settings.h"
#include "engine/tensor.h"

namespace apps {

/// The features at every place of an image.
struct LocalFeatures {
  data::Extent grid;
  engine::Tensor values;  ///< f32 [grid.pixels(), channels], row by row

  std::int64_t channels() const { return values.shape()[1]; }
};

/// Computes local features of images of one source, each image by itself.
class LocalFeatureSource {
 public:
  virtual ~LocalFeatureSource() = default;
  /// What each of the features is called: "group4", "patches".
  virtual const std::vector<std::string>& names() const = 0;
  /// Of one image [1,H,W,C], under each of the names. Throws engine::DataError if the image does not fit.
  virtual std::vector<LocalFeatures> operator()(const engine::Tensor& image) const = 0;
  /// Where they come from, for people: the file, its encoder, or the kind of pixels.
  virtual std::string describe() const = 0;
};

/// Those of the settings: an encoder's taps in inference mode, all from one forward pass, each place's vector divided
/// by its length; or raw pixels, as they are. Throws UsageError for a tap that the encoder does not have, and
/// engine::DataError for weights that do not fit.
std::unique_ptr<LocalFeatureSource> open_local_features(const engine::Context& context, const KMeansSettings& settings,
                                                        const data::Source& source);

/// The grid of patches of `patch` pixels a side. Throws engine::DataError unless they fill the image.
data::Extent patch_grid(const data::Extent& image, std::int64_t patch);

/// Raw features of an image [H,W,C]: [places, patch * patch * C], or their means over the patch, [places, C].
std::vector<float> raw_features(const std::vector<float>& pixels, const data::Extent& image, std::int64_t channels,
                                std::int64_t patch, RawFeatures kind);

}  // namespace apps
