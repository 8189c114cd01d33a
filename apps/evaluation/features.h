#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "apps/evaluation/representation.h"
#include "data/source.h"
#include "engine/tensor.h"
#include "models/probe_head.h"

namespace apps {

/// A frozen network's features of a whole source.
struct Features {
  engine::Tensor values;  ///< f32 [N,F]
  engine::Tensor labels;  ///< i32 [N]
  int classes = 0;
  std::map<std::string, engine::Tensor> further_targets = {};  ///< by label set, other than `labels`

  /// The targets of a softmax for a label set: i32 [N], or f32 [N,classes] where an example has several labels.
  const engine::Tensor& targets(const std::string& label_set) const;
};

/// Computes the representation of every example, without augmentation. `progress(done)` is called after each batch and
/// may throw to stop. `images` is the dtype of the images and so of the network's arithmetic.
Features extract_features(const engine::Context& context, const Representation& of, const data::Source& source,
                          const std::function<void(std::int64_t done)>& progress = {},
                          engine::Dtype images = engine::Dtype::f32);

/// Throws NonFiniteError unless the features, and the f32 sum of squares of each example's features, are finite: a
/// classifier cannot be trained on others. `whose` appears in the message: "the training set".
void check_finite(const Features& features, std::string_view whose);

/// The fraction of examples that the probe classifies correctly, by these targets.
double probe_accuracy(const models::ProbeHead& probe, const Features& features,
                      const std::string& label_set = data::kClassLabel);

}  // namespace apps
