#include "kernels/label_targets.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"

namespace kernels::cuda {
namespace {

/// A thread per target; the m labels of a row are few, and its threads read the same ones.
template <bool kShares>
__global__ void __launch_bounds__(kThreads)
    write_targets(float* targets, const std::int32_t* labels, std::int64_t n, std::int64_t k, std::int64_t m) {
  for (std::int64_t at = first_in_grid(); at < n * k; at += grid_stride()) {
    const std::int64_t own = at % k;
    const std::int32_t* of_row = labels + at / k * m;
    int same = 0;
    bool known = true;
#pragma unroll 1
    for (std::int64_t j = 0; j < m; ++j) {
      same += of_row[j] == own;
      known &= of_row[j] >= 0 && of_row[j] < k;
    }
    const float share = kShares ? static_cast<float>(same) / static_cast<float>(m) : static_cast<float>(same > 0);
    targets[at] = known ? share : NAN;
  }
}

}  // namespace

void label_targets(const Context& context, const LabelTargets& args) {
  const std::int64_t n = args.labels.shape[0], m = args.labels.shape[1], k = args.targets.shape[1];
  with_flag(args.kind == LabelTargets::Kind::shares, [&](auto shares) {
    launch(strided(n * k, stream(context)), write_targets<shares.value>, args.targets.as<float>(),
           args.labels.as<std::int32_t>(), n, k, m);
  });
}

}  // namespace kernels::cuda
