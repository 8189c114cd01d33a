#include "apps/pretrain/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "apps/input/augmentation_rules.h"
#include "apps/input/crops.h"
#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/settings/usage_error.h"
#include "data/contact_sheet.h"
#include "data/loader.h"

namespace apps {
namespace {

constexpr std::int64_t kCellPx = 224;  // smaller images are magnified to about this, so that captions have room
constexpr int kViews = 2;

/// "01101", the highest bit first.
std::string bits_text(std::uint64_t bits, int planes) {
  std::string text;
  for (int bit = planes - 1; bit >= 0; --bit) text += static_cast<char>('0' + (bits >> bit & 1));
  return text;
}

/// "digit 3 7" of each label set, a line each; bits have classes of their own, and are written as bits.
std::string labels_text(const data::Source& source, const data::HostBatch& batch, std::size_t row) {
  std::string text;
  const data::InputLayout& layout = source.layout();
  for (std::size_t set = 0; set < layout.labels.size(); ++set) {
    const data::LabelSet& labels = layout.labels[set];
    if (layout.bit_planes > 0 && labels.name == data::kBitsLabel) continue;
    text += fmt::format("{}{}", text.empty() ? "" : "\n", labels.name);
    const auto count = static_cast<std::size_t>(labels.per_example);
    for (std::size_t i = 0; i < count; ++i) text += fmt::format(" {}", batch.labels[set][row * count + i]);
  }
  if (layout.bit_planes > 0 && layout.bit_views == 1)
    text += fmt::format("{}bits {}", text.empty() ? "" : "\n", bits_text(batch.bits[row], layout.bit_planes));
  return text;
}

/// What was drawn for a view, of what the rules let be drawn: "crop 100x80 at 3,4", "mirrored", the factors of the
/// colour jitter in its order, "grey", "blur 1.2".
std::string drawn_text(const kernels::AugmentationDraw& draw, const kernels::AugmentationRules& rules, int channels) {
  std::string text;
  const auto add = [&](const std::string& line) { text += (text.empty() ? "" : "\n") + line; };
  if (rules.crop != kernels::CropRule::whole)
    add(fmt::format("crop {}x{} at {},{}", draw.box.height, draw.box.width, draw.box.y, draw.box.x));
  if (draw.flip != 0) add("mirrored");
  if (draw.jitter != 0) {
    for (int place = 0; place < kernels::kColorOperations; ++place) {
      switch (draw.operation(place)) {
        case kernels::ColorOperation::brightness: add(fmt::format("brightness {:.2f}", draw.brightness)); break;
        case kernels::ColorOperation::contrast: add(fmt::format("contrast {:.2f}", draw.contrast)); break;
        case kernels::ColorOperation::saturation:
          if (channels == 3) add(fmt::format("saturation {:.2f}", draw.saturation));
          break;
        case kernels::ColorOperation::hue:
          if (channels == 3) add(fmt::format("hue {:+.3f}", draw.hue));
          break;
      }
    }
  }
  if (draw.gray != 0 && channels == 3) add("grey");
  if (draw.sigma > 0) add(fmt::format("blur {:.2f}", draw.sigma));
  return text;
}

}  // namespace

void write_views(const engine::Context& context, const Config& config, std::int64_t count, const std::string& path,
                 const std::shared_ptr<data::BadFiles>& skipped) {
  const auto source = open_data(config.data, data::Role::pretrain, config.train.seed, skipped);
  if (count > source->size())
    throw UsageError(engine::concat("--dump-views: the data has ", source->size(), " examples, asked for ", count));
  const kernels::AugmentationRules rules = training_rules(config.data.augment, *source);
  check_crops(rules, *source);
  data::LoaderOptions options = loader_options(config.data.loader, config.train, 0);
  options.hint = decode_hint(rules, *source);
  options.batch_size = count;
  options.steps = 1;
  data::Loader loader(*source, options);
  const data::Loader::Lease examples = loader.next();
  DeviceBatch batch(context, *source, count);
  batch.upload(*examples);
  const engine::Tensor views = batch.augmented_views(rules, config.train.seed, kViews);
  const std::vector<float> pixels = views.to_host<float>();
  const std::vector<kernels::AugmentationDraw> draws = batch.draws(rules, config.train.seed, kViews);

  const auto n = static_cast<std::size_t>(count);
  std::vector<std::string> captions;  // of the image, then of each view, row by row
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t fetch = examples->counters[i];
    const data::Visit visit{.example = static_cast<std::int64_t>(fetch % static_cast<std::uint64_t>(source->size())),
                            .fetch = fetch};
    const std::string labels = labels_text(*source, *examples, i), drawn = source->caption(visit);
    captions.push_back(fmt::format("{}{}{}", labels, labels.empty() || drawn.empty() ? "" : "\n", drawn));
    for (std::size_t view = 0; view < kViews; ++view) {
      std::string text = drawn_text(draws[view * n + i], rules, source->layout().channels);
      if (source->layout().bit_views > 1)
        text += fmt::format("\nbits {}", bits_text(examples->bits[view * n + i], source->layout().bit_planes));
      captions.push_back(text);
    }
  }
  // An image of a size of its own is shown as evaluation sees it.
  const bool alike = source->layout().extent.has_value();
  const engine::Shape view = data::view_shape(*source), image = alike ? data::image_shape(*source) : view;
  const std::vector<float> seen =
      alike ? std::vector<float>()
            : batch.evaluation_images(evaluation_rules(config.data.augment, *source)).to_host<float>();
  const engine::Shape planes{view[0], view[1], views.shape()[4]};
  data::ContactSheet::Options layout{.rows = static_cast<int>(count),
                                     .columns = 1 + kViews,
                                     .cell = {std::max(image[0], view[0]), std::max(image[1], view[1]), view[2]},
                                     .scale = 1};
  layout.scale = static_cast<int>(std::max<std::int64_t>(kCellPx / std::max(layout.cell[0], layout.cell[1]), 1));
  for (const std::string& caption : captions)
    layout.caption_lines = std::max(layout.caption_lines, data::ContactSheet(layout).lines(caption));

  data::ContactSheet sheet(layout);
  for (std::int64_t i = 0; i < count; ++i) {
    const int row = static_cast<int>(i);
    if (alike)
      sheet.place(row, 0, image, examples->images.data() + i * image.elements());
    else
      sheet.place(row, 0, planes, seen.data() + i * planes.elements());
    for (int v = 0; v < kViews; ++v)
      sheet.place(row, 1 + v, planes, pixels.data() + (v * count + i) * planes.elements());
    for (int column = 0; column < 1 + kViews; ++column)
      sheet.caption(row, column,
                    captions[static_cast<std::size_t>(row) * (1 + kViews) + static_cast<std::size_t>(column)]);
  }
  sheet.write(path);
}

}  // namespace apps
