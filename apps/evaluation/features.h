#pragma once
#include <functional>
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
};

/// Computes the representation of every example, without augmentation. `progress(done)` is called after each batch and
/// may throw to stop. `images` is the dtype of the images and so of the network's arithmetic.
Features extract_features(const engine::Context& context, const Representation& of, const data::Source& source,
                          const std::function<void(std::int64_t done)>& progress = {},
                          engine::Dtype images = engine::Dtype::f32);

/// Throws NonFiniteError unless the features, and the f32 sum of squares of each example's features, are finite: a
/// classifier cannot be trained on others. `whose` appears in the message: "the training set".
void check_finite(const Features& features, std::string_view whose);

/// The fraction of examples that the probe classifies correctly.
double probe_accuracy(const models::ProbeHead& probe, const Features& features);

}  // namespace apps
