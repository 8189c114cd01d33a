#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/label_targets.h"

namespace kernels {

struct LabelTargetsExample {
  std::int64_t n, m, k;  ///< labels [n,m] of k classes
  LabelTargets::Kind kind = LabelTargets::Kind::shares;
  std::int64_t bad = -1;  ///< a row with a label that is no class, `unknown`
  double unknown = -1;
};
/// Every third row has one class m times.
KernelCase<LabelTargets> label_targets_case(const LabelTargetsExample& example);

}  // namespace kernels
