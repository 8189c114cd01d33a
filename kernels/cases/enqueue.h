#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/enqueue.h"

namespace kernels {

struct EnqueueExample {
  std::int64_t n, k, d;  ///< rows [n,d] into a queue [k,d]
  std::int32_t step = 0;
  bool nonfinite = false;
};
KernelCase<Enqueue> enqueue_case(const EnqueueExample& example);

}  // namespace kernels
