#include "kernels/label_targets.h"

#include <algorithm>
#include <limits>

namespace kernels::cpu {

void label_targets(const Context& context, const LabelTargets& args) {
  const std::int64_t n = args.labels.shape[0], m = args.labels.shape[1], k = args.targets.shape[1];
  const bool shares = args.kind == LabelTargets::Kind::shares;
  const auto* labels = args.labels.as<std::int32_t>();
  auto* targets = args.targets.as<float>();
#pragma omp parallel for schedule(static) num_threads(context.threads()) if (n * k >= 1 << 14)
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int32_t* of_row = labels + i * m;
    float* row = targets + i * k;
    std::fill_n(row, k, 0.0f);
    bool known = true;
    for (std::int64_t j = 0; j < m; ++j) {
      known &= of_row[j] >= 0 && of_row[j] < k;
      if (known) row[of_row[j]] = shares ? row[of_row[j]] + 1 : 1;
    }
    if (!known) std::fill_n(row, k, std::numeric_limits<float>::quiet_NaN());
    if (!shares) continue;
    for (std::int64_t j = 0; j < k; ++j) row[j] /= static_cast<float>(m);
  }
}

}  // namespace kernels::cpu
