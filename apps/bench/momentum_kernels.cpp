#include "apps/bench/buffers.h"
#include "kernels/cases/enqueue.h"
#include "kernels/cases/moving_average.h"
#include "kernels/cases/row_order.h"

namespace apps {
namespace {

/// As many parameters as ResNet-50 has.
KernelWork moving_average(Buffers& b) {
  return b.work(kernels::moving_average, kernels::moving_average_case({.count = 25'600'000}));
}
KernelWork enqueue(Buffers& b) {
  return b.work(kernels::enqueue, kernels::enqueue_case({.n = 256, .k = 65536, .d = b.sizes().dim}));
}
KernelWork random_order(Buffers& b) { return b.work(kernels::random_order, kernels::random_order_case(4096, 1, 0)); }
KernelWork reorder_rows(Buffers& b) {
  return b.work(kernels::reorder_rows,
                kernels::reorder_rows_case({b.sizes().images, 56, 56, 64}, b.sizes().activations, false));
}

}  // namespace

std::vector<KernelEntry> momentum_kernels() {
  return {{"moving_average", moving_average},
          {"enqueue", enqueue},
          {"random_order", random_order},
          {"reorder_rows", reorder_rows}};
}

}  // namespace apps
