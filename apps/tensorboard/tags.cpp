#include <algorithm>
#include <array>

#include "apps/tensorboard/run_events.h"

namespace apps {

std::string tag_of(std::string_view phase, const std::string& name, bool contrastive) {
  // Speed and memory.
  constexpr std::array<std::string_view, 6> kPerformance = {"images_per_s",  "step_ms",         "data_wait_ms",
                                                            "decoded_per_s", "augmented_per_s", "mem_peak_bytes"};
  if (phase == "eval") return name == "probe_acc" ? "eval/label_top_1_accuracy" : "eval/" + name;
  if (std::find(kPerformance.begin(), kPerformance.end(), name) != kPerformance.end()) return "perf/" + name;
  if (name == "loss" && contrastive) return "train/contrast_loss";
  if (name == "probe_acc") return "train/supervised_acc";
  return "train/" + name;
}

}  // namespace apps
