#include "kernels/training.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/launch.h"

namespace kernels::cuda {
namespace {

struct Scalars {
  const float* at[kMostRecordScalars];
};

// One thread, for a few numbers: on the device, so that the step does not wait for the host.
__global__ void record_step(Scalars scalars, int count, const float* learning_rates, int rates, float* ring, int slots,
                            std::int32_t* status) {
  if (status[kStatusNonfinite] == kNonfiniteBefore) return;
  const std::int32_t step = status[kStatusStep];
  float* record = ring + step % slots * (count + 1);
  for (int i = 0; i < count; ++i) record[i] = *scalars.at[i];
  record[count] = learning_rates[step % rates];
  if (status[kStatusNonfinite] == kNonfiniteNow) {
    status[kStatusNonfinite] = kNonfiniteBefore;
  } else {
    status[kStatusStep] = step + 1;
  }
}

}  // namespace

void finish_step(const Context& context, const FinishStep& args) {
  const int count = static_cast<int>(args.ring.shape[1]) - 1;
  Scalars scalars{};
  for (int i = 0; i < count; ++i) scalars.at[i] = args.scalars[i].as<float>();
  launch({dim3(1), dim3(1), stream(context)}, record_step, scalars, count, args.learning_rates.as<float>(),
         static_cast<int>(args.learning_rates.shape.elements()), args.ring.as<float>(),
         static_cast<int>(args.ring.shape[0]), args.status.as<std::int32_t>());
}

}  // namespace kernels::cuda
