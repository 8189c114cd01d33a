#pragma once
#include <string_view>

#include "data/loader.h"
#include "data/source.h"
#include "engine/tensor.h"
#include "kernels/crop_sampler.h"

namespace apps {

/// A batch on the device and the images that the network sees of it. Its buffers are made once.
class DeviceBatch {
 public:
  DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size);

  void upload(const data::HostBatch& batch);

  /// `views` random crops of every image, drawn independently: [views,B,H,W,C+bits], f32 or bf16; the bits are the same
  /// in all.
  engine::Tensor augmented_views(const kernels::CropRange& crops, std::int64_t seed, std::int64_t views,
                                 engine::Dtype dtype = engine::Dtype::f32) const;
  /// The images as they are, [B,H,W,C+bits].
  engine::Tensor whole_images(engine::Dtype dtype = engine::Dtype::f32) const;
  /// i32 [B]. Throws engine::Error for a set of labels that the data have not: today there is "label" alone.
  const engine::Tensor& labels(std::string_view set = "label") const;

 private:
  engine::Tensor resized(const engine::Tensor& boxes, std::int64_t views, engine::Dtype dtype) const;

  int bit_planes_;
  engine::Tensor images_, counters_, bits_, labels_;
};

}  // namespace apps
