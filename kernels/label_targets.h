#pragma once
#include "kernels/kernel.h"

namespace kernels {

// Targets of a classifier from several labels per example: targets[i,k] = (number of j with labels[i,j] = k) / m, the
// shares of the classes; or 1 where that is above 0, and else 0, the indicators. A label outside [0,K) makes its row
// NaN.
struct LabelTargets {
  enum class Kind { shares, indicators };

  ConstView labels;  // i32 [N,m]
  Kind kind;
  View targets;  // f32 [N,K]
  Cost cost() const { return {.bytes = bytes_of(labels) + bytes_of(targets)}; }
};

KERNEL(label_targets, LabelTargets);

}  // namespace kernels
