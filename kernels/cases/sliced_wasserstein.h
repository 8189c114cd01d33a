#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/sliced_wasserstein.h"

namespace kernels {

struct SlicedWassersteinExample {
  std::string name = {};
  std::int64_t slices, n;
  bool in_place = false, gradient = true;
  bool distinct = true;  ///< no two projections of a slice are equal, nor nearly so: the loss has a derivative
};

/// prior: [slices * n], or [n], ascending
KernelCase<SlicedWasserstein> sliced_wasserstein_case(const SlicedWassersteinExample& example,
                                                      std::vector<double> projections, std::vector<double> prior);

}  // namespace kernels
