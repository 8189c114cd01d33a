#pragma once
#include "kernels/cpu/simd.h"

namespace kernels::cpu {

// Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2016) with the interpolation points 0, +-1, +-2 and infinity.
// A 4x4 patch of outputs of a 3x3 filter needs 36 products per channel pair instead of 144:
//   y = A^T [ (G g G^T) . (B^T d B) ] A     d: 6x6 inputs, g: 3x3 filter, y: 4x4 outputs, . element by element
// and, as its adjoint, dg = G^T [ (A dy A^T) . (B^T d B) ] G. Each lane of a vector is another channel.
inline constexpr int kPatch = 4;                      ///< outputs of a patch, per direction
inline constexpr int kWindow = 6;                     ///< inputs of a patch, per direction
inline constexpr int kPositions = kWindow * kWindow;  ///< products of a patch

// One direction of each transform.
struct TransformInput {  // B^T
  static constexpr int kIn = kWindow, kOut = kWindow;
  void operator()(const Floats (&d)[kIn], Floats (&v)[kOut]) const {
    const Floats even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1], even2 = d[4] - d[2], odd2 = 2 * (d[3] - d[1]);
    v[0] = 4 * d[0] - 5 * d[2] + d[4];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = even2 + odd2;
    v[4] = even2 - odd2;
    v[5] = 4 * d[1] - 5 * d[3] + d[5];
  }
};
struct TransformOutput {  // A^T
  static constexpr int kIn = kWindow, kOut = kPatch;
  void operator()(const Floats (&m)[kIn], Floats (&y)[kOut]) const {
    const Floats sum1 = m[1] + m[2], difference1 = m[1] - m[2], sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    y[0] = m[0] + sum1 + sum2;
    y[1] = difference1 + 2 * difference2;
    y[2] = sum1 + 4 * sum2;
    y[3] = difference1 + 8 * difference2 + m[5];
  }
};
struct TransformOutputGradient {  // A
  static constexpr int kIn = kPatch, kOut = kWindow;
  void operator()(const Floats (&dy)[kIn], Floats (&z)[kOut]) const {
    const Floats even1 = dy[0] + dy[2], odd1 = dy[1] + dy[3], even2 = dy[0] + 4 * dy[2], odd2 = 2 * dy[1] + 8 * dy[3];
    z[0] = dy[0];
    z[1] = even1 + odd1;
    z[2] = even1 - odd1;
    z[3] = even2 + odd2;
    z[4] = even2 - odd2;
    z[5] = dy[3];
  }
};
struct TransformFilter {  // G
  static constexpr int kIn = 3, kOut = kWindow;
  void operator()(const Floats (&g)[kIn], Floats (&u)[kOut]) const {
    const Floats ends1 = (g[0] + g[2]) * (-1.0f / 6), middle1 = g[1] * (-1.0f / 6);
    const Floats ends2 = g[0] * (1.0f / 24) + g[2] * (1.0f / 6), middle2 = g[1] * (1.0f / 12);
    u[0] = g[0] * 0.25f;
    u[1] = ends1 + middle1;
    u[2] = ends1 - middle1;
    u[3] = ends2 + middle2;
    u[4] = ends2 - middle2;
    u[5] = g[2];
  }
};
struct TransformFilterGradient {  // G^T
  static constexpr int kIn = kWindow, kOut = 3;
  void operator()(const Floats (&u)[kIn], Floats (&dg)[kOut]) const {
    const Floats sum1 = u[1] + u[2], sum2 = u[3] + u[4];
    dg[0] = u[0] * 0.25f - sum1 * (1.0f / 6) + sum2 * (1.0f / 24);
    dg[1] = (u[2] - u[1]) * (1.0f / 6) + (u[3] - u[4]) * (1.0f / 12);
    dg[2] = (sum2 - sum1) * (1.0f / 6) + u[5];
  }
};

/// store(i, j, T load T^T [i,j]): `Line` along columns, then along rows.
template <class Line, class Load, class Store>
inline void transform(const Load& load_at, const Store& store_at) {
  constexpr int kIn = Line::kIn, kOut = Line::kOut;
  const Line line{};
  Floats half[kOut][kIn];
#pragma GCC unroll 6
  for (int j = 0; j < kIn; ++j) {
    Floats column[kIn], out[kOut];
#pragma GCC unroll 6
    for (int i = 0; i < kIn; ++i) column[i] = load_at(i, j);
    line(column, out);
#pragma GCC unroll 6
    for (int i = 0; i < kOut; ++i) half[i][j] = out[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < kOut; ++i) {
    Floats out[kOut];
    line(half[i], out);
#pragma GCC unroll 6
    for (int j = 0; j < kOut; ++j) store_at(i, j, out[j]);
  }
}

}  // namespace kernels::cpu
