#pragma once
#include <optional>
#include <string>

#include "apps/config/config.h"
#include "apps/suppress/plant.h"

namespace apps {

/// What a run's images show of a planted feature.
struct PlantedIn {
  std::string images;               ///< the expression without the feature
  std::optional<Plant> plant = {};  ///< none: the images have none
  Showing showing = Showing::nothing;
  bool every_visit = false;  ///< shared by an image's views, and drawn anew for every visit of the image

  /// `images` with quotes around its path, however the path was written.
  std::string same_images() const;
};

/// Recognises the outermost feature: bits (data.bits, randbit), values of a file (planted), or digits over the images
/// (overlay).
PlantedIn planted_in(const Config::Data& data);

}  // namespace apps
