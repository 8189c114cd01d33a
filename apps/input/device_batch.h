#pragma once
#include <string_view>

#include "data/loader.h"
#include "data/source.h"
#include "engine/tensor.h"
#include "kernels/crop_sampler.h"

namespace apps {

/// A batch on the device, and the images for the network. Its buffers are allocated once.
class DeviceBatch {
 public:
  DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size);

  void upload(const data::HostBatch& batch);

  /// `views` random crops of every image, drawn independently: [views,B,H,W,C+bits], f32 or bf16. All views have the
  /// same bits.
  engine::Tensor augmented_views(const kernels::CropRange& crops, std::int64_t seed, std::int64_t views,
                                 engine::Dtype dtype = engine::Dtype::f32) const;
  /// The images without augmentation, [B,H,W,C+bits].
  engine::Tensor whole_images(engine::Dtype dtype = engine::Dtype::f32) const;
  /// i32 [B]. Throws engine::Error for an unknown set of labels; only "label" exists so far.
  const engine::Tensor& labels(std::string_view set = "label") const;

 private:
  engine::Tensor resized(const engine::Tensor& boxes, std::int64_t views, engine::Dtype dtype) const;

  int bit_planes_;
  engine::Tensor images_, counters_, bits_, labels_;
};

}  // namespace apps
