#include "apps/input/device_batch.h"

#include "kernels/crop_resize.h"
#include "kernels/label_targets.h"
#include "kernels/random_crop.h"

namespace apps {

using engine::Dtype;
using engine::Shape;
using engine::Tensor;

DeviceBatch::DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size)
    : layout_(source.layout()) {
  const Shape image = data::image_shape(source);
  images_ = Tensor::empty(context, {batch_size, image[0], image[1], image[2]}, Dtype::u8);
  counters_ = Tensor::empty(context, {batch_size}, Dtype::i64);
  bits_ = Tensor::empty(context, {layout_.bit_views, batch_size}, Dtype::i64);
  for (const data::LabelSet& set : layout_.labels)
    labels_.push_back(Tensor::empty(context, {batch_size, set.per_example}, Dtype::i32));
}

void DeviceBatch::upload(const data::HostBatch& batch) {
  EXPECTS(batch.images.size() == images_.bytes(), "batch: expected ", images_.shape(), " images, got ",
          batch.counters.size());
  images_.upload_bytes(batch.images.data());
  counters_.upload_bytes(batch.counters.data());
  bits_.upload_bytes(batch.bits.data());
  for (std::size_t set = 0; set < labels_.size(); ++set) labels_[set].upload_bytes(batch.labels[set].data());
}

Tensor DeviceBatch::labels(std::string_view set) const {
  const std::size_t i = index_of(set);
  EXPECTS(layout_.labels[i].per_example == 1, "batch: an example has ", layout_.labels[i].per_example, " labels '", set,
          "', not one; use their shares");
  return labels_[i].view_as({labels_[i].shape()[0]});
}

Tensor DeviceBatch::targets(std::string_view set) const {
  const std::size_t i = index_of(set);
  return layout_.labels[i].per_example == 1 ? labels(set) : per_class(i, kernels::LabelTargets::Kind::shares);
}

Tensor DeviceBatch::indicators(std::string_view set) const {
  return per_class(index_of(set), kernels::LabelTargets::Kind::indicators);
}

std::size_t DeviceBatch::index_of(std::string_view set) const {
  const std::optional<std::size_t> index = layout_.find(set);
  EXPECTS(index.has_value(), "batch: the data have no labels '", set, "'");
  return *index;
}

Tensor DeviceBatch::per_class(std::size_t set, kernels::LabelTargets::Kind kind) const {
  const Tensor& labels = labels_[set];
  Tensor targets = Tensor::empty(labels.context(), {labels.shape()[0], layout_.labels[set].classes});
  kernels::label_targets(labels.context(), {.labels = labels, .kind = kind, .targets = targets});
  return targets;
}

Tensor DeviceBatch::crop_boxes(const kernels::CropRange& crops, std::int64_t seed, std::int64_t views) const {
  const Shape& shape = images_.shape();
  Tensor boxes = Tensor::empty(images_.context(), {views, shape[0], 4}, Dtype::i32);
  kernels::draw_crops(images_.context(), {.seed = static_cast<std::uint64_t>(seed),
                                          .height = shape[1],
                                          .width = shape[2],
                                          .range = crops.for_output(shape[1], shape[2]),
                                          .counters = counters_,
                                          .boxes = boxes});
  return boxes;
}

Tensor DeviceBatch::augmented_views(const kernels::CropRange& crops, std::int64_t seed, std::int64_t views,
                                    Dtype dtype) const {
  const engine::LayerRange layer(images_.context(), "augmentation");
  return resized(crop_boxes(crops, seed, views), views, dtype);
}

Tensor DeviceBatch::whole_images(Dtype dtype) const {
  const Tensor images = resized({}, 1, dtype);
  const Shape& shape = images.shape();
  return images.view_as({shape[1], shape[2], shape[3], shape[4]});
}

Tensor DeviceBatch::resized(const Tensor& boxes, std::int64_t views, Dtype dtype) const {
  const Shape& shape = images_.shape();
  const int planes = layout_.bit_planes;
  Tensor y = Tensor::empty(images_.context(), {views, shape[0], shape[1], shape[2], shape[3] + planes}, dtype);
  kernels::crop_resize(images_.context(),
                       {.images = images_, .boxes = boxes, .bits = bits_of(views), .y = y, .bit_planes = planes});
  return y;
}

/// [B] where all views share them, [views,B] where each has its own.
Tensor DeviceBatch::bits_of(std::int64_t views) const {
  if (layout_.bit_views == 1) return bits_.view_as({bits_.shape()[1]});
  EXPECTS(views <= layout_.bit_views, "batch: bits for ", layout_.bit_views, " views, asked for ", views);
  return bits_.narrow(0, views);
}

}  // namespace apps
