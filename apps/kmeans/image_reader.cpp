#include "apps/kmeans/image_reader.h"

#include <algorithm>

#include "apps/input/augmentation_rules.h"
#include "apps/input/run_data.h"

namespace apps {
namespace {

constexpr int kColours = 3;

kernels::AugmentationRules middle_rules(const AugmentationOptions& options, const data::Source& source) {
  kernels::AugmentationRules rules = evaluation_rules(options, source);
  rules.crop = kernels::CropRule::center;
  rules.center = options.center.value_or(1);
  return rules;
}

data::LoaderOptions order(const ImageReader::Options& options, const kernels::AugmentationRules& rules,
                          const data::Source& source) {
  data::LoaderOptions order = evaluation_order(1, source.size(), options.workers);
  if (!options.whole_files) order.hint = decode_hint(rules, source);
  order.first_step = options.first;
  order.steps = options.first + options.count;
  return order;
}

/// The colours of pixels of any number of channels: the first three, or the first as grey.
std::vector<std::uint8_t> rgb_of(const engine::Tensor& view, int channels) {
  const std::vector<float> values = view.to_host<float>();
  const auto stride = static_cast<std::size_t>(view.shape()[3]);
  std::vector<std::uint8_t> rgb;
  for (std::size_t i = 0; i < values.size(); i += stride) {
    for (std::size_t c = 0; c < kColours; ++c) {
      const float value = values[i + (channels >= kColours ? c : 0)];
      rgb.push_back(static_cast<std::uint8_t>(255 * std::clamp(value, 0.0f, 1.0f) + 0.5f));
    }
  }
  return rgb;
}

/// In one line.
std::string caption_of(const data::Source& source, const data::Visit& visit) {
  std::string caption = source.caption(visit);
  std::replace(caption.begin(), caption.end(), '\n', ' ');
  return caption;
}

}  // namespace

ImageReader::ImageReader(const engine::Context& context, const data::Source& source, const Options& options)
    : source_(source),
      rules_(middle_rules(options.augment, source)),
      batch_(context, source, 1),
      loader_(source, order(options, rules_, source)) {}

ImageReader::Image ImageReader::next() {
  const data::Loader::Lease lease = loader_.next();
  batch_.upload(*lease);
  const auto example = static_cast<std::int64_t>(lease->counters[0]);
  const data::InputLayout& layout = source_.layout();
  Image image{.shown = {.example = example,
                        .file = source_.file_name(example),
                        .caption = caption_of(source_, {example, lease->counters[0]})},
              .seen = {.image = {lease->extents[0], lease->extents[1]}, .box = batch_.draws(rules_, 0, 1)[0].box},
              .view = batch_.evaluation_images(rules_)};
  if (!layout.labels.empty() && layout.labels[0].per_example == 1) image.shown.label = lease->labels[0][0];
  image.shown.extent = {image.view.shape()[1], image.view.shape()[2]};
  image.shown.rgb = rgb_of(image.view, layout.channels);
  return image;
}

}  // namespace apps
