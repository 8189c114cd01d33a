#include "tests/cases/label_targets.h"

namespace tests {

std::vector<KernelCase<kernels::LabelTargets>> label_targets_cases() {
  using kernels::LabelTargets;
  std::vector<KernelCase<LabelTargets>> cases;
  for (const auto kind : {LabelTargets::Kind::shares, LabelTargets::Kind::indicators}) {
    cases.push_back(kernels::label_targets_case({1, 1, 1, kind}));
    cases.push_back(kernels::label_targets_case({1, 3, 2, kind}));
    cases.push_back(kernels::label_targets_case({37, 1, 10, kind}));
    cases.push_back(kernels::label_targets_case({37, 5, 10, kind}));
    cases.push_back(kernels::label_targets_case({131, 16, 251, kind}));
    cases.push_back(kernels::label_targets_case({5, 4, 10, kind, 2, -1}));
    cases.push_back(kernels::label_targets_case({5, 4, 10, kind, 4, 10}));
  }
  return cases;
}

}  // namespace tests
