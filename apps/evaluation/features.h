#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "apps/evaluation/representation.h"
#include "data/source.h"
#include "engine/tensor.h"
#include "kernels/augmentation.h"
#include "models/probe_head.h"

namespace apps {

/// A frozen network's features of a whole source.
struct Features {
  engine::Tensor values;  ///< f32 [N,F]
  /// Of each label set of the source, the targets of a softmax: i32 [N], or f32 [N,classes] where an example has
  /// several labels.
  std::map<std::string, engine::Tensor> targets = {};
};

/// The labels of one set in the training and in the test data, i32 [N] each.
struct SplitLabels {
  engine::Tensor train, test;
  int classes = 0;
};

/// How a source is read to compute its features.
struct Extraction {
  kernels::AugmentationRules rules = {};      ///< what of each image is seen; nothing random
  engine::Dtype images = engine::Dtype::f32;  ///< of the images, and so of the network's arithmetic
  int workers = 1;                            ///< threads that read images
  std::int64_t epoch = 0;                     ///< the epoch whose visits are shown, where a source draws at every visit
};

/// Computes the representation of every example, without augmentation. `progress(done)` is called after each batch and
/// may throw to stop. Several ranks compute a share each, and all get all; `progress` must not throw then.
Features extract_features(const engine::Context& context, const Representation& of, const data::Source& source,
                          const Extraction& how = {}, const std::function<void(std::int64_t done)>& progress = {});
/// The same into the memory of the source's features of another epoch, which they replace.
void extract_features_into(const Features& features, const engine::Context& context, const Representation& of,
                           const data::Source& source, const Extraction& how,
                           const std::function<void(std::int64_t done)>& progress = {});

/// Throws NonFiniteError unless the features, and the f32 sum of squares of each example's features, are finite: a
/// classifier cannot be trained on others. `whose` appears in the message: "the training set".
void check_finite(const Features& features, std::string_view whose);

/// The fraction of examples that the probe classifies correctly, by the targets of this label set.
double probe_accuracy(const models::ProbeHead& probe, const Features& features, const std::string& label_set);

}  // namespace apps
