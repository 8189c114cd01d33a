#pragma once
#include <span>
#include <string>

#include "apps/evaluation/features.h"
#include "apps/train/objective.h"
#include "models/probe_head.h"

namespace apps {

/// A linear classifier that trains beside the objective and shows what can be read from an activation, which it does
/// not change: a stop-gradient is in between. A run may have several.
class OnlineProbe {
 public:
  struct Options {
    std::string name = "probe";                   ///< of its parameters' group, and of its scalar: "probe_acc"
    std::string tap = Representation::kFeatures;  ///< what it looks at: the encoder's output, or one of its taps
    std::string label_set = "label";              ///< what it has to tell
    int views = 2;                                ///< that it trains on, from the first on; their mean counts
  };

  OnlineProbe(Options options, models::ProbeHead head) : options_(std::move(options)), head_(std::move(head)) {}

  struct Result {
    engine::Tensor loss;  ///< f32 scalar, differentiable
    NamedScalar accuracy;
  };
  Result forward(std::span<const Tapped> tapped, const DeviceBatch& batch) const;
  /// Of the features of a data set, by the encoder as it is.
  Measured accuracy(const Features& features) const;

  const Options& options() const { return options_; }
  Scalar scalar() const { return {.name = options_.name + "_acc", .axis = kAccuracyAxis}; }

 private:
  Options options_;
  models::ProbeHead head_;
};

}  // namespace apps
