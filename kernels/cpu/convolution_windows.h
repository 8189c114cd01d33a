#pragma once
#include <algorithm>

#include "kernels/conv2d.h"
#include "kernels/cpu/loops.h"

namespace kernels::cpu {

// The windows of a convolution as rows of a matrix [N*P*Q, R*S*C]: "im2col".

/// Splits the batch into chunks of images: as many images as have windows of at most `most_elements` in all.
struct Chunks {
  Chunks(const Conv2dGeometry& geometry, std::int64_t most_elements)
      : g(geometry),
        p(g.p()),
        q(g.q()),
        window(g.r * g.s * g.c),
        pixels(p * q),
        images(std::clamp<std::int64_t>(most_elements / (window * pixels), 1, std::max<std::int64_t>(g.n, 1))),
        count(ceil_div(g.n, images)) {}

  std::int64_t first(std::int64_t chunk) const { return chunk * images; }
  std::int64_t size(std::int64_t chunk) const { return std::min(images, g.n - first(chunk)); }
  std::int64_t elements() const { return images * pixels * window; }

  Conv2dGeometry g;
  std::int64_t p, q;            // g.p() and g.q(), which would divide at every call
  std::int64_t window, pixels;  // elements of a window, windows of an image
  std::int64_t images, count;
};

/// Calls body(window row, offset in the image, contiguous elements) for the parts of window (p,q) that lie inside the
/// image: one part per window row, unless padding cuts columns off.
template <class Body>
void for_each_part(const Conv2dGeometry& g, std::int64_t p, std::int64_t q, const Body& body) {
  const std::int64_t column = q * g.stride - g.pad;
  const std::int64_t cut_left = std::max<std::int64_t>(0, -column),
                     cut_right = std::max<std::int64_t>(0, column + g.s - g.w);
  for (std::int64_t r = 0; r < g.r; ++r) {
    const std::int64_t row = p * g.stride + r - g.pad;
    if (row < 0 || row >= g.h || cut_left + cut_right >= g.s) continue;
    body((r * g.s + cut_left) * g.c, (row * g.w + column + cut_left) * g.c, (g.s - cut_left - cut_right) * g.c);
  }
}

/// windows [Q, R*S*C] of row p of the output, from an image [H,W,C]; zero outside the image.
template <class T>
void gather_row(const Chunks& chunks, std::int64_t p, const T* image, T* windows) {
  for (std::int64_t q = 0; q < chunks.q; ++q, windows += chunks.window) {
    if (chunks.g.pad > 0) std::fill_n(windows, chunks.window, T());
    for_each_part(chunks.g, p, q, [&](std::int64_t to, std::int64_t from, std::int64_t count) {
      std::copy_n(image + from, count, windows + to);
    });
  }
}

/// The transpose of `gather_row`: adds every window back to its place in the image.
inline void scatter_row(const Chunks& chunks, std::int64_t p, const float* windows, float* image) {
  for (std::int64_t q = 0; q < chunks.q; ++q, windows += chunks.window) {
    for_each_part(chunks.g, p, q, [&](std::int64_t from, std::int64_t to, std::int64_t count) {
      float* y = image + to;
      const float* add = windows + from;
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) y[i] += add[i];
    });
  }
}

}  // namespace kernels::cpu
