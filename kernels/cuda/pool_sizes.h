#pragma once
#include "kernels/pool_geometry.h"

namespace kernels::cuda {

/// A PoolGeometry in 32 bits: 64-bit divisions would cost more than the work at each pixel.
struct PoolSizes {
  explicit PoolSizes(const PoolGeometry& g)
      : h(static_cast<int>(g.h)),
        w(static_cast<int>(g.w)),
        c(static_cast<int>(g.c)),
        p(static_cast<int>(g.p())),
        q(static_cast<int>(g.q())),
        window(static_cast<int>(g.window)),
        stride(static_cast<int>(g.stride)),
        before_rows(static_cast<int>(g.rows.before)),
        before_columns(static_cast<int>(g.columns.before)) {}

  int h, w, c, p, q, window, stride, before_rows, before_columns;
};

}  // namespace kernels::cuda
