#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "apps/run/metrics.h"

namespace apps {

/// The tag of a number of metrics.jsonl, SimCLR's where it has one: "train/contrast_loss", "eval/label_top_1_accuracy".
/// `contrastive`: whether the loss is one.
std::string tag_of(std::string_view phase, const std::string& name, bool contrastive);

/// RUN/tb/events.out.tfevents.*: what metrics.jsonl has, and pictures, for TensorBoard. Every process writes a file of
/// its own, and cuts off what the earlier ones have of steps that will be done again: a run has each step once.
class RunEvents {
 public:
  /// Whether this build has protobuf, and so can write events.
  static bool available();
  /// The picture of the first views, which is shown if it is there.
  static std::filesystem::path views_of(const std::filesystem::path& run) { return run / "tb" / "views.png"; }

  /// `restored_step`: the run goes on after it; -1: it begins.
  RunEvents(const std::filesystem::path& run, std::int64_t restored_step, bool contrastive);
  RunEvents(RunEvents&&) = delete;
  ~RunEvents();

  /// A record, and with an evaluation what it drew into RUN/samples.
  void add(const StepMetrics& metrics);

 private:
  struct Implementation;  // keeps protobuf out of this header
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace apps
