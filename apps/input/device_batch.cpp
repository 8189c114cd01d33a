#include "apps/input/device_batch.h"

#include "kernels/crop_resize.h"
#include "kernels/random_crop.h"

namespace apps {

using engine::Dtype;
using engine::Shape;
using engine::Tensor;

DeviceBatch::DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size)
    : bit_planes_(source.bit_planes()) {
  const Shape image = source.image_shape();
  images_ = Tensor::empty(context, {batch_size, image[0], image[1], image[2]}, Dtype::u8);
  counters_ = Tensor::empty(context, {batch_size}, Dtype::i64);
  bits_ = Tensor::empty(context, {batch_size}, Dtype::i64);
  labels_ = Tensor::empty(context, {batch_size}, Dtype::i32);
}

void DeviceBatch::upload(const data::HostBatch& batch) {
  EXPECTS(batch.images.size() == images_.bytes(), "batch: expected ", images_.shape(), " images, got ",
          batch.labels.size());
  images_.upload_bytes(batch.images.data());
  counters_.upload_bytes(batch.counters.data());
  bits_.upload_bytes(batch.bits.data());
  labels_.upload_bytes(batch.labels.data());
}

const Tensor& DeviceBatch::labels(std::string_view set) const {
  EXPECTS(set == "label", "batch: the data have no labels '", set, "', only 'label'");
  return labels_;
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
