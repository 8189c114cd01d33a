#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/suppress/observation.h"
#include "kernels/runtime/names.h"

namespace apps {

/// What became of the image's own features beside the planted one.
enum class VerdictKind {
  suppressed,       ///< they are lost to it
  shared,           ///< both are learnt
  ignored,          ///< they are learnt, the planted one is not
  disturbed,        ///< they are lost, but not to what the views share
  not_learned_yet,  ///< too little training to say
};

/// Where one kind of verdict ends and another begins. Skill is (accuracy - chance) / (1 - chance).
struct VerdictThresholds {
  double read = 0.5;      ///< the planted feature is read from this skill on
  double lost = 0.2;      ///< share of the clean arm's skill at the classes whose loss is suppression
  double learned = 0.05;  ///< share of what its untrained network lacks, that an arm must gain
  double notable = 0.02;  ///< differences of accuracy below this are not told
};

/// The means over the seeds of the three arms, in time. Only `planted` must have an observation.
struct ArmCurves {
  std::span<const Observation> clean, planted, control;
  std::string labels = {};   ///< the set that stands for the image's own features; empty: there are no labels
  std::string feature = {};  ///< label set of the planted feature
  std::string words = {};    ///< "the planted 12 bits"
  bool many = false;         ///< whether the words are plural
};

struct Verdict {
  std::optional<VerdictKind> kind = {};  ///< none: the arm that would decide is missing
  std::string text = {};                 ///< what happened, with figures
  std::string conclusion = {};           ///< one sentence
};

/// With labels, decided by the probes of the last observations; without, by the cosines of the embeddings.
Verdict judge(const ArmCurves& curves, const VerdictThresholds& thresholds = {});

/// The first step from which a reading stays within a tenth of its last skill; nothing without observations.
std::optional<std::int64_t> read_from(std::span<const Observation> curve, std::string_view feature);

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::VerdictKind> = {"suppressed", "shared", "ignored", "disturbed",
                                                                 "not learned yet"};
