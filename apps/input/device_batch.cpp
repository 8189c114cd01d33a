#include "apps/input/device_batch.h"

#include <algorithm>

#include "kernels/crop_resize.h"
#include "kernels/label_targets.h"
#include "kernels/random_crop.h"

namespace apps {

using engine::Dtype;
using engine::Shape;
using engine::Tensor;

DeviceBatch::DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size)
    : bit_planes_(source.bit_planes()), label_sets_(source.label_sets()) {
  const Shape image = source.image_shape();
  images_ = Tensor::empty(context, {batch_size, image[0], image[1], image[2]}, Dtype::u8);
  counters_ = Tensor::empty(context, {batch_size}, Dtype::i64);
  bits_ = Tensor::empty(context, {batch_size}, Dtype::i64);
  for (const data::LabelSet& set : label_sets_)
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
  EXPECTS(label_sets_[i].per_example == 1, "batch: an example has ", label_sets_[i].per_example, " labels '", set,
          "', not one; use their shares");
  return labels_[i].view_as({labels_[i].shape()[0]});
}

Tensor DeviceBatch::targets(std::string_view set) const {
  const std::size_t i = index_of(set);
  return label_sets_[i].per_example == 1 ? labels(set) : per_class(i, kernels::LabelTargets::Kind::shares);
}

Tensor DeviceBatch::indicators(std::string_view set) const {
  return per_class(index_of(set), kernels::LabelTargets::Kind::indicators);
}

std::size_t DeviceBatch::index_of(std::string_view set) const {
  const auto found = std::find_if(label_sets_.begin(), label_sets_.end(), [&](const auto& s) { return s.name == set; });
  EXPECTS(found != label_sets_.end(), "batch: the data have no labels '", set, "'");
  return static_cast<std::size_t>(found - label_sets_.begin());
}

Tensor DeviceBatch::per_class(std::size_t set, kernels::LabelTargets::Kind kind) const {
  const Tensor& labels = labels_[set];
  Tensor targets = Tensor::empty(labels.context(), {labels.shape()[0], label_sets_[set].classes});
  kernels::label_targets(labels.context(), {.labels = labels, .kind = kind, .targets = targets});
  return targets;
}

Tensor DeviceBatch::augmented_views(const kernels::CropRange& crops, std::int64_t seed, std::int64_t views,
                                    Dtype dtype) const {
  const engine::LayerRange layer(images_.context(), "augmentation");
  const Shape& shape = images_.shape();
  Tensor boxes = Tensor::empty(images_.context(), {views, shape[0], 4}, Dtype::i32);
  kernels::draw_crops(images_.context(), {.seed = static_cast<std::uint64_t>(seed),
                                          .height = shape[1],
                                          .width = shape[2],
                                          .range = crops.for_output(shape[1], shape[2]),
                                          .counters = counters_,
                                          .boxes = boxes});
  return resized(boxes, views, dtype);
}

Tensor DeviceBatch::whole_images(Dtype dtype) const {
  const Tensor images = resized({}, 1, dtype);
  const Shape& shape = images.shape();
  return images.view_as({shape[1], shape[2], shape[3], shape[4]});
}

Tensor DeviceBatch::resized(const Tensor& boxes, std::int64_t views, Dtype dtype) const {
  const Shape& shape = images_.shape();
  Tensor y = Tensor::empty(images_.context(), {views, shape[0], shape[1], shape[2], shape[3] + bit_planes_}, dtype);
  kernels::crop_resize(images_.context(),
                       {.images = images_, .boxes = boxes, .bits = bits_, .y = y, .bit_planes = bit_planes_});
  return y;
}

}  // namespace apps
