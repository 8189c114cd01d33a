#include "apps/input/first_views.h"

#include <algorithm>
#include <vector>

#include "apps/input/augmentation_rules.h"
#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "data/loader.h"

namespace apps {

data::ContactSheet first_views(const engine::Context& context, const Config& config, const data::Source& source) {
  constexpr std::int64_t kImages = 8, kViews = 2;
  const std::int64_t count = std::min(kImages, source.size());
  const kernels::AugmentationRules rules = training_rules(config.data.augment, source);
  data::LoaderOptions options = loader_options(config.data.loader, config.train, 0);
  options.hint = decode_hint(rules, source);
  options.batch_size = count;
  options.steps = 1;
  data::Loader loader(source, options);
  const data::Loader::Lease examples = loader.next();
  DeviceBatch batch(context, source, count);
  batch.upload(*examples);
  const engine::Tensor views = batch.augmented_views(rules, config.train.seed, kViews);  // [views,B,h,w,C+bits]
  const std::vector<float> pixels = views.to_host<float>();
  const engine::Shape view{views.shape()[2], views.shape()[3], views.shape()[4]};
  data::ContactSheet sheet({.rows = static_cast<int>(count),
                            .columns = kViews,
                            .cell = {view[0], view[1], source.layout().channels},
                            .scale = 1});
  for (std::int64_t i = 0; i < count * kViews; ++i) {
    const auto row = static_cast<int>(i % count), column = static_cast<int>(i / count);
    sheet.place(row, column, view, pixels.data() + i * view.elements());
  }
  return sheet;
}

}  // namespace apps
