#pragma once
#include <span>
#include <string>

#include "apps/evaluation/features.h"
#include "apps/objectives/objective.h"
#include "models/probe_head.h"

namespace apps {

/// The name of the probe on a tap for a label set of data whose first set is `first_set`: "probe",
/// "probe.group3.digit".
std::string online_probe_name(const std::string& tap, const std::string& label_set, const std::string& first_set);
/// The name of its accuracy: "probe_acc", "probe_group3_digit_acc".
std::string online_accuracy_name(std::string probe);

/// A linear classifier that trains beside the objective and shows what can be read from an activation. A stop-gradient
/// keeps it from changing that activation. A run may have several.
class OnlineProbe {
 public:
  struct Options {
    std::string name = "probe";                   ///< name of its parameter group
    std::string tap = Representation::kFeatures;  ///< its input: the encoder's output, or one of its taps
    std::string label_set = "label";              ///< the labels that it predicts
    int views = 2;                                ///< trains on the first 1 or 2 views; their mean counts
  };

  OnlineProbe(Options options, models::ProbeHead head) : options_(std::move(options)), head_(std::move(head)) {}

  struct Result {
    engine::Tensor loss;  ///< f32 scalar, differentiable
    NamedScalar accuracy;
  };
  Result forward(std::span<const Tapped> tapped, const DeviceBatch& batch) const;
  /// The accuracy on the features of a data set, by the current encoder.
  Measured accuracy(const Features& features) const;

  const Options& options() const { return options_; }
  Scalar scalar() const;  ///< its accuracy

 private:
  Options options_;
  models::ProbeHead head_;
};

}  // namespace apps
