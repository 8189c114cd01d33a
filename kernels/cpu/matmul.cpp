#include "kernels/cpu/matmul.h"

#include <algorithm>
#include <oneapi/dnnl/dnnl.hpp>

#include "engine/core/error.h"

namespace kernels::cpu {

void matmul(MatmulSize size, const float* a, const float* b, float* c, MatmulOptions options) {
  const auto [m, n, k] = size;
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!options.accumulate) std::fill_n(c, m * n, 0.0f);
    return;
  }
  const dnnl_status_t status =
      dnnl_sgemm(options.transpose_a ? 'T' : 'N', options.transpose_b ? 'T' : 'N', m, n, k, 1.0f, a,
                 options.transpose_a ? m : k, b, options.transpose_b ? k : n, options.accumulate ? 1.0f : 0.0f, c, n);
  EXPECTS(status == dnnl_success, "oneDNN: sgemm of ", m, "x", k, " by ", k, "x", n, " failed with status ", status);
}

}  // namespace kernels::cpu
