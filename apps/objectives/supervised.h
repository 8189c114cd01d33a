#pragma once
#include <cstdint>

#include "apps/config/objective_options.h"
#include "apps/objectives/objective.h"
#include "kernels/augmentation.h"
#include "models/linear.h"

namespace apps {

/// Supervised classification of one crop of every image: the cross-entropy of a linear classifier on the encoder's
/// features. With several labels per image the targets of a softmax are the classes' shares of them; those of a sigmoid
/// per class are whether an image has it, and the loss is the mean over the classes.
class SupervisedObjective final : public Objective {
 public:
  struct Options {
    SupervisedOptions supervised;
    kernels::AugmentationRules augmentation;
    std::int64_t seed = 1;  ///< of the crops
    engine::Dtype activations = engine::Dtype::f32;
  };

  /// `classifier` has a logit for each class of the label set.
  SupervisedObjective(Network network, models::Linear classifier, const Options& options);

  Outcome forward(const StepContext& step) override;
  std::vector<Scalar> evaluated() const override { return {kAccuracy}; }
  std::vector<Measured> evaluate(const Features& features) const override;
  const Network& network() const override { return network_; }

 private:
  struct Classified {
    engine::Tensor loss, accuracy;
  };
  Classified classify(const engine::Tensor& logits, const DeviceBatch& batch) const;

  /// The fraction of images whose largest logit is one of their most frequent labels.
  inline static const Scalar kAccuracy{.name = "class_acc", .axis = kAccuracyAxis, .headline = true};

  Network network_;
  models::Linear classifier_;
  Options options_;
};

}  // namespace apps
