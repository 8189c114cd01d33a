#include "kernels/enqueue.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/launch.h"
#include "kernels/training.h"

namespace kernels::cuda {
namespace {

__global__ void __launch_bounds__(kThreads) copy_rows(Enqueue args) {
  const auto* status = args.status.as<std::int32_t>();
  if (status[kStatusNonfinite] != 0) return;
  const float* rows = args.rows.as<float>();
  float* to = args.queue.as<float>() + args.first_row(status[kStatusStep]) * args.rows.shape[1];
  const std::int64_t count = args.rows.shape.elements();
  for (std::int64_t i = first_in_grid(); i < count; i += grid_stride()) to[i] = rows[i];
}

}  // namespace

void enqueue(const Context& context, const Enqueue& args) {
  launch(strided(args.rows.shape.elements(), stream(context)), copy_rows, args);
}

}  // namespace kernels::cuda
