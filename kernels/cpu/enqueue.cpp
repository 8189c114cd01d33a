#include "kernels/enqueue.h"

#include <algorithm>

#include "kernels/training.h"

namespace kernels::cpu {

void enqueue(const Context&, const Enqueue& args) {
  const auto* status = args.status.as<std::int32_t>();
  if (status[kStatusNonfinite] != 0) return;
  const std::int64_t begin = args.first_row(status[kStatusStep]) * args.rows.shape[1];
  std::copy_n(args.rows.as<float>(), args.rows.shape.elements(), args.queue.as<float>() + begin);
}

}  // namespace kernels::cpu
