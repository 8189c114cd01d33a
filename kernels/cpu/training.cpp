#include "kernels/training.h"

namespace kernels::cpu {

void finish_step(const Context&, const FinishStep& args) {
  std::int32_t* status = args.status.as<std::int32_t>();
  if (status[kStatusNonfinite] == kNonfiniteBefore) return;
  const std::int64_t slots = args.ring.shape[0], columns = args.ring.shape[1];
  float* record = args.ring.as<float>() + status[kStatusStep] % slots * columns;
  for (int i = 0; i < kRecordScalars; ++i) record[i] = args.scalars[i] ? *args.scalars[i].as<float>() : 0.0f;
  record[kRecordScalars] = args.learning_rates.as<float>()[status[kStatusStep] % args.learning_rates.shape.elements()];
  if (status[kStatusNonfinite] == kNonfiniteNow) {
    status[kStatusNonfinite] = kNonfiniteBefore;
  } else {
    ++status[kStatusStep];
  }
}

}  // namespace kernels::cpu
