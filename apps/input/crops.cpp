#include "apps/input/crops.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/run/exit_code.h"
#include "kernels/crop_acceptance.h"

namespace apps {

void check_crops(const kernels::AugmentationRules& rules, const data::Source& source) {
  constexpr double kMostGivenUp = 0.01;
  const kernels::CropRange& crops = rules.range;
  if (rules.crop != kernels::CropRule::simclr || crops.area_max >= 1) return;
  const engine::Shape view = data::view_shape(source),
                      image = source.layout().extent ? data::image_shape(source) : view;
  const double given_up = kernels::share_given_up(image[0], image[1], crops.for_output(view[0], view[1]));
  if (given_up <= kMostGivenUp) return;
  throw UsageError(fmt::format(
      "{} crop of {}x{} images has an area from data.crop_area_min = {} to data.crop_area_max = {} of the image's, "
      "so {} would be whole images; widen the range, of which only areas of at least {} are drawn",
      given_up == 1 ? "no" : "hardly any", image[0], image[1], crops.area_min, crops.area_max,
      given_up == 1 ? "all views" : fmt::format("{:.0f} of 100 views", std::ceil(100 * given_up)),
      kernels::kMinCropArea));
}

}  // namespace apps
