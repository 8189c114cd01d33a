#pragma once
#include <string_view>
#include <vector>

#include "data/loader.h"
#include "data/source.h"
#include "engine/tensor.h"
#include "kernels/augmentation.h"
#include "kernels/label_targets.h"

namespace apps {

/// A batch on the device, and the images for the network. Its buffers are allocated once, except that of images that
/// differ in size, which grows.
class DeviceBatch {
 public:
  DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size);

  std::int64_t size() const { return counters_.shape()[0]; }
  /// Returns whether the images have moved to a larger buffer: a step that was recorded before has the old one.
  bool upload(const data::HostBatch& batch);

  /// `views` views of every image, drawn independently: [views,B,h,w,C+bits], f32 or bf16.
  engine::Tensor augmented_views(const kernels::AugmentationRules& rules, std::int64_t seed, std::int64_t views,
                                 engine::Dtype dtype = engine::Dtype::f32) const;
  /// What is drawn for those views: [views,B].
  std::vector<kernels::AugmentationDraw> draws(const kernels::AugmentationRules& rules, std::int64_t seed,
                                               std::int64_t views) const;
  /// The images by rules without a random part, [B,h,w,C+bits]; by default whole, in the size of the views.
  engine::Tensor evaluation_images(const kernels::AugmentationRules& rules = {},
                                   engine::Dtype dtype = engine::Dtype::f32) const;
  /// The time that making views has taken so far; 0 on a GPU, which makes them later.
  double augmenting_ms() const { return augmenting_ms_; }
  /// A label set with one label per example, i32 [B].
  engine::Tensor labels(std::string_view set = data::kClassLabel) const;
  /// The same of any set as targets of a softmax: i32 [B] or, of several labels per example, each class's share of
  /// them, f32 [B,classes].
  engine::Tensor targets(std::string_view set) const;
  /// The same as targets of a sigmoid per class: 1 for the classes that an example has, f32 [B,classes].
  engine::Tensor indicators(std::string_view set) const;

 private:
  engine::Tensor drawn(const kernels::AugmentationRules& rules, std::int64_t seed, std::int64_t views) const;
  bool upload_ragged(const data::HostBatch& batch);
  engine::Tensor bits_of(std::int64_t views) const;
  engine::Tensor bits_of_view(std::int64_t view) const;

  std::size_t index_of(std::string_view set) const;
  engine::Tensor per_class(std::size_t set, kernels::LabelTargets::Kind kind) const;

  data::InputLayout layout_;
  engine::Shape view_;                // [h,w,C]
  engine::Tensor pixels_;             // u8 [bytes]
  engine::Tensor offsets_, extents_;  // where each image begins, [image_views,B], and its size
  engine::Tensor counters_, bits_;
  engine::Tensor first_counter_;        // i64 [1] of the whole batch; absent unless this is a part of it
  std::vector<engine::Tensor> labels_;  // of each set, i32 [B, per_example]
  mutable double augmenting_ms_ = 0;
};

}  // namespace apps
