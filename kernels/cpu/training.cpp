#include "kernels/training.h"

namespace kernels::cpu {

void finish_step(const Context&, const FinishStep& args) {
  std::int32_t* status = args.status.as<std::int32_t>();
  if (status[kStatusNonfinite] == kNonfiniteBefore) return;
  const std::int64_t slots = args.ring.shape[0], count = args.ring.shape[1] - 1;
  float* record = args.ring.as<float>() + status[kStatusStep] % slots * (count + 1);
  for (std::int64_t i = 0; i < count; ++i) record[i] = *args.scalars[i].as<float>();
  record[count] = args.learning_rates.as<float>()[status[kStatusStep] % args.learning_rates.shape.elements()];
  if (status[kStatusNonfinite] == kNonfiniteNow) {
    status[kStatusNonfinite] = kNonfiniteBefore;
  } else {
    ++status[kStatusStep];
  }
}

}  // namespace kernels::cpu
