#pragma once
#include <string_view>
#include <vector>

#include "data/loader.h"
#include "data/source.h"
#include "engine/tensor.h"
#include "kernels/crop_sampler.h"
#include "kernels/label_targets.h"

namespace apps {

/// A batch on the device, and the images for the network. Its buffers are allocated once.
class DeviceBatch {
 public:
  DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size);

  std::int64_t size() const { return images_.shape()[0]; }
  void upload(const data::HostBatch& batch);

  /// `views` random crops of every image, drawn independently: [views,B,H,W,C+bits], f32 or bf16. All views have the
  /// same bits.
  engine::Tensor augmented_views(const kernels::CropRange& crops, std::int64_t seed, std::int64_t views,
                                 engine::Dtype dtype = engine::Dtype::f32) const;
  /// The crops of those views, {y, x, height, width} each: i32 [views,B,4].
  engine::Tensor crop_boxes(const kernels::CropRange& crops, std::int64_t seed, std::int64_t views) const;
  /// The images without augmentation, [B,H,W,C+bits].
  engine::Tensor whole_images(engine::Dtype dtype = engine::Dtype::f32) const;
  /// A label set with one label per example, i32 [B].
  engine::Tensor labels(std::string_view set = data::kClassLabel) const;
  /// The same of any set as targets of a softmax: i32 [B] or, of several labels per example, each class's share of
  /// them, f32 [B,classes].
  engine::Tensor targets(std::string_view set) const;
  /// The same as targets of a sigmoid per class: 1 for the classes that an example has, f32 [B,classes].
  engine::Tensor indicators(std::string_view set) const;

 private:
  engine::Tensor resized(const engine::Tensor& boxes, std::int64_t views, engine::Dtype dtype) const;
  engine::Tensor bits_of(std::int64_t views) const;

  std::size_t index_of(std::string_view set) const;
  engine::Tensor per_class(std::size_t set, kernels::LabelTargets::Kind kind) const;

  data::InputLayout layout_;
  engine::Tensor images_, counters_, bits_;
  std::vector<engine::Tensor> labels_;  // of each set, i32 [B, per_example]
};

}  // namespace apps
