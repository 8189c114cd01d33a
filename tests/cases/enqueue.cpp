#include "tests/cases/enqueue.h"

namespace tests {

std::vector<KernelCase<kernels::Enqueue>> enqueue_cases() {
  return {kernels::enqueue_case({1, 1, 1, 0}),     kernels::enqueue_case({1, 1, 1, 5}),
          kernels::enqueue_case({4, 12, 3, 0}),    kernels::enqueue_case({4, 12, 3, 2}),
          kernels::enqueue_case({4, 12, 3, 3}),    kernels::enqueue_case({4, 12, 3, 1000}),
          kernels::enqueue_case({7, 7, 129, 11}),  kernels::enqueue_case({3, 9, 2, 2'000'000'000}),
          kernels::enqueue_case({64, 256, 33, 7}), kernels::enqueue_case({4, 12, 3, 1, true})};
}

}  // namespace tests
