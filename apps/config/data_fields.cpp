#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {

std::vector<ConfigField> data_fields() {
  return {
      {.key = "data.source",
       .value = MEMBER(data.source),
       .flag = "--data",
       .help = "training images, such as mnist:DIR or randbit(mnist:DIR, bits=5); --list-sources shows all kinds; a "
               "resumed run may read the same images from elsewhere",
       .on_resume = OnResume::change},
      {.key = "data.bits",
       .value = MEMBER(data.bits),
       .flag = "--bits",
       .help = "random bits shared by both views, one constant plane each",
       .range = between(0, 64)},
      {.key = "data.bits_per_fetch",
       .value = MEMBER(data.bits_per_fetch),
       .help = "draw the bits anew at every fetch instead of once per image"},
      {.key = "data.shuffle",
       .value = MEMBER(data.loader.shuffle),
       .flag = "--shuffle",
       .help = "visit the images in a new random order every epoch"},
      {.key = "data.crop_area_min",
       .value = MEMBER(data.augment.crops.area_min),
       .help = "smallest crop, as a fraction of the image's area (none below 0.1 is drawn)",
       .range = {.min = 0, .max = 1, .min_excluded = true}},
      {.key = "data.crop_area_max",
       .value = MEMBER(data.augment.crops.area_max),
       .help = "largest crop, as a fraction of the image's area",
       .range = between(0.1, 1)},
      {.key = "data.workers",
       .value = MEMBER(data.loader.workers),
       .flag = "--workers",
       .help = "threads that read images",
       .range = between(1, 256),
       .on_resume = OnResume::change},
      {.key = "data.skip_bad",
       .value = MEMBER(data.skip_bad),
       .flag = "--skip-bad",
       .help = "replace images that cannot be read by others of their class, and count them, instead of stopping",
       .on_resume = OnResume::change},
      {.key = "data.resident_mib",
       .value = MEMBER(data.resident_mib),
       .help = "decoded or drawn images are kept in memory where all of them fit into this many MiB; 0: never",
       .range = between(0, 1 << 20),
       .on_resume = OnResume::change},
  };
}

}  // namespace apps
