#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/runtime/host_device.h"

namespace kernels {

/// Padding before the first and after the last pixel of one direction.
struct PoolPadding {
  std::int64_t before = 0, after = 0;  ///< each less than the window, so that every window covers a pixel
};

/// Sizes of a two-dimensional pooling with square windows.
struct PoolGeometry {
  std::int64_t n, h, w, c;  ///< x [n,h,w,c]
  std::int64_t window, stride;
  PoolPadding rows{}, columns{};

  std::int64_t p() const { return (h + rows.before + rows.after - window) / stride + 1; }  ///< y [n,p,q,c]
  std::int64_t q() const { return (w + columns.before + columns.after - window) / stride + 1; }
  std::int64_t operations() const { return n * p() * q() * c * window * window; }
};

/// Indices from `begin` to before `end`.
template <class Index>
struct IndexRange {
  Index begin, end;
};

/// The taps of the window at `position` that lie inside a row of `size` pixels.
template <class Index>
HOST_DEVICE inline IndexRange<Index> taps_inside(Index position, Index window, Index size) {
  return {std::max<Index>(0, -position), std::min(window, size - position)};
}

/// The windows, out of `windows`, that cover a pixel; `padded` is the pixel's index plus the padding.
template <class Index>
HOST_DEVICE inline IndexRange<Index> windows_over(Index padded, Index window, Index stride, Index windows) {
  const Index first = padded < window ? 0 : (padded - window) / stride + 1;
  return {first, std::min(windows, padded / stride + 1)};
}

}  // namespace kernels
