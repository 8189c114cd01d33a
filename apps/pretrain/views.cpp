#include "apps/pretrain/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

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

}  // namespace

void write_views(const engine::Context& context, const Config& config, std::int64_t count, const std::string& path,
                 const std::shared_ptr<data::BadFiles>& skipped) {
  const auto source = open_data(config.data, data::Role::pretrain, config.train.seed, skipped);
  if (count > source->size())
    throw UsageError(engine::concat("--dump-views: the data has ", source->size(), " examples, asked for ", count));
  const engine::Shape image = data::image_shape(*source);
  check_crops(config.data.crops, image);
  data::LoaderOptions options = loader_options(config.data.loader, config.train, 0);
  options.batch_size = count;
  options.steps = 1;
  data::Loader loader(*source, options);
  const data::Loader::Lease examples = loader.next();
  DeviceBatch batch(context, *source, count);
  batch.upload(*examples);
  const engine::Tensor views = batch.augmented_views(config.data.crops, config.train.seed, kViews);
  const std::vector<float> pixels = views.to_host<float>();
  const std::vector<std::int32_t> boxes =
      batch.crop_boxes(config.data.crops, config.train.seed, kViews).to_host<std::int32_t>();

  const auto n = static_cast<std::size_t>(count);
  std::vector<std::string> captions;  // of the image, then of each view, row by row
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t fetch = examples->counters[i];
    const data::Visit visit{.example = static_cast<std::int64_t>(fetch % static_cast<std::uint64_t>(source->size())),
                            .fetch = fetch};
    const std::string labels = labels_text(*source, *examples, i), drawn = source->caption(visit);
    captions.push_back(fmt::format("{}{}{}", labels, labels.empty() || drawn.empty() ? "" : "\n", drawn));
    for (std::size_t view = 0; view < kViews; ++view) {
      const std::int32_t* box = &boxes[4 * (view * n + i)];
      std::string text = fmt::format("crop {}x{} at {},{}", box[2], box[3], box[0], box[1]);
      if (source->layout().bit_views > 1)
        text += fmt::format("\nbits {}", bits_text(examples->bits[view * n + i], source->layout().bit_planes));
      captions.push_back(text);
    }
  }
  data::ContactSheet::Options layout{
      .rows = static_cast<int>(count),
      .columns = 1 + kViews,
      .cell = image,
      .scale = static_cast<int>(std::max<std::int64_t>(kCellPx / std::max(image[0], image[1]), 1))};
  for (const std::string& caption : captions)
    layout.caption_lines = std::max(layout.caption_lines, data::ContactSheet(layout).lines(caption));

  data::ContactSheet sheet(layout);
  const engine::Shape view{views.shape()[2], views.shape()[3], views.shape()[4]};
  for (std::int64_t i = 0; i < count; ++i) {
    const int row = static_cast<int>(i);
    sheet.place(row, 0, image, examples->images.data() + i * image.elements());
    for (int v = 0; v < kViews; ++v) sheet.place(row, 1 + v, view, pixels.data() + (v * count + i) * view.elements());
    for (int column = 0; column < 1 + kViews; ++column)
      sheet.caption(row, column, captions[static_cast<std::size_t>(row * (1 + kViews) + column)]);
  }
  sheet.write(path);
}

}  // namespace apps
