#include "apps/input/crops.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/run/exit_code.h"
#include "kernels/crop_acceptance.h"

namespace apps {

kernels::CropRange crop_range(const Config& config) {
  return {.area_min = config.data.crop_area_min, .area_max = config.data.crop_area_max};
}

kernels::CropRange crop_range(const Config& config, const engine::Shape& image) {
  return crop_range(config).for_output(image[0], image[1]);
}

void check_crops(const Config& config, const engine::Shape& image) {
  constexpr double kMostGivenUp = 0.01;
  if (config.data.crop_area_max >= 1) return;
  const double given_up = kernels::share_given_up(image[0], image[1], crop_range(config, image));
  if (given_up <= kMostGivenUp) return;
  throw UsageError(fmt::format(
      "{} crop of {}x{} images has an area from data.crop_area_min = {} to data.crop_area_max = {} of the image's, "
      "so {} would be whole images; widen the range, of which only areas of at least {} are drawn",
      given_up == 1 ? "no" : "hardly any", image[0], image[1], config.data.crop_area_min, config.data.crop_area_max,
      given_up == 1 ? "all views" : fmt::format("{:.0f} of 100 views", std::ceil(100 * given_up)),
      kernels::kMinCropArea));
}

}  // namespace apps
