#include "kernels/max_pool.h"

#include <algorithm>

#include "kernels/cpu/loops.h"

namespace kernels::cpu {
namespace {

/// Channels that go through a window together: their maxima stay in registers or the nearest cache.
constexpr std::int64_t kTile = 64;

struct Range {
  std::int64_t begin, end;
};

/// Taps of the window at `position` that lie on one of `size` pixels.
Range taps_inside(std::int64_t position, std::int64_t window, std::int64_t size) {
  return {std::max<std::int64_t>(0, -position), std::min(window, size - position)};
}

/// Of so many windows, those that cover a pixel, the padding already added to its index.
Range windows_over(std::int64_t padded, const MaxPoolGeometry& g, std::int64_t windows) {
  const std::int64_t first = padded < g.window ? 0 : (padded - g.window) / g.stride + 1;
  return {first, std::min(windows, padded / g.stride + 1)};
}

/// Window q of row p of an image; `out` is where its maxima go.
template <class T>
void take_maxima(const MaxPoolForward& args, std::int64_t image, std::int64_t p, std::int64_t q, std::int64_t out) {
  const MaxPoolGeometry& g = args.g;
  const std::int64_t row = p * g.stride - g.rows.before, column = q * g.stride - g.columns.before;
  const Range rs = taps_inside(row, g.window, g.h), ss = taps_inside(column, g.window, g.w);
  for (std::int64_t begin = 0; begin < g.c; begin += kTile) {
    const std::int64_t width = std::min(kTile, g.c - begin);
    const auto pixel = [&](std::int64_t r, std::int64_t s) {
      return args.x.as<T>() + ((image * g.h + row + r) * g.w + column + s) * g.c + begin;
    };
    float best[kTile];
    std::int32_t taken[kTile];
    const T* x = pixel(rs.begin, ss.begin);
#pragma omp simd
    for (std::int64_t j = 0; j < width; ++j) {
      best[j] = static_cast<float>(x[j]);
      taken[j] = static_cast<std::int32_t>(rs.begin * g.window + ss.begin);
    }
    for (std::int64_t r = rs.begin; r < rs.end; ++r) {
      for (std::int64_t s = ss.begin; s < ss.end; ++s) {
        const auto tap = static_cast<std::int32_t>(r * g.window + s);
        x = pixel(r, s);
#pragma omp simd
        for (std::int64_t j = 0; j < width; ++j) {
          const auto value = static_cast<float>(x[j]);
          const bool better = (value > best[j]) | (value != value);
          best[j] = better ? value : best[j];
          taken[j] = better ? tap : taken[j];
        }
      }
    }
    T* y = args.y.as<T>() + out + begin;
#pragma omp simd
    for (std::int64_t j = 0; j < width; ++j) store(y[j], best[j]);
    if (!args.taps) continue;
    std::uint8_t* taps = args.taps.as<std::uint8_t>() + out + begin;
#pragma omp simd
    for (std::int64_t j = 0; j < width; ++j) taps[j] = static_cast<std::uint8_t>(taken[j]);
  }
}

/// Every pixel gathers from the windows over it, always in the same order: no two threads write to one place.
/// ps: rows of windows over its row, of `q_count` windows each. The divisions behind g.p() and g.q() would cost as much
/// as the sums here.
template <class T>
void gather_gradient(const MaxPoolBackward& args, std::int64_t image, std::int64_t row, std::int64_t column, Range ps,
                     std::int64_t p_count, std::int64_t q_count) {
  const MaxPoolGeometry& g = args.g;
  const std::int64_t padded_row = row + g.rows.before, padded_column = column + g.columns.before;
  const Range qs = windows_over(padded_column, g, q_count);
  for (std::int64_t begin = 0; begin < g.c; begin += kTile) {
    const std::int64_t width = std::min(kTile, g.c - begin);
    float sum[kTile] = {};
    for (std::int64_t p = ps.begin; p < ps.end; ++p) {
      for (std::int64_t q = qs.begin; q < qs.end; ++q) {
        const auto tap =
            static_cast<std::uint8_t>((padded_row - p * g.stride) * g.window + padded_column - q * g.stride);
        const std::int64_t out = ((image * p_count + p) * q_count + q) * g.c + begin;
        const T* dy = args.dy.as<T>() + out;
        const std::uint8_t* taps = args.taps.as<std::uint8_t>() + out;
#pragma omp simd
        for (std::int64_t j = 0; j < width; ++j) sum[j] += taps[j] == tap ? static_cast<float>(dy[j]) : 0.0f;
      }
    }
    T* dx = args.dx.view.as<T>() + ((image * g.h + row) * g.w + column) * g.c + begin;
    if (args.dx.accumulate) {
#pragma omp simd
      for (std::int64_t j = 0; j < width; ++j) store(dx[j], static_cast<float>(dx[j]) + sum[j]);
    } else {
#pragma omp simd
      for (std::int64_t j = 0; j < width; ++j) store(dx[j], sum[j]);
    }
  }
}

}  // namespace

void max_pool_forward(const Context&, const MaxPoolForward& args) {
  const std::int64_t n = args.g.n, p = args.g.p(), q = args.g.q();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
#pragma omp parallel for collapse(2) schedule(static) if (n * p * q * args.g.c >= kParallelElements)
    for (std::int64_t image = 0; image < n; ++image) {
      for (std::int64_t i = 0; i < p; ++i) {
        for (std::int64_t j = 0; j < q; ++j) take_maxima<T>(args, image, i, j, ((image * p + i) * q + j) * args.g.c);
      }
    }
  });
}

void max_pool_backward(const Context&, const MaxPoolBackward& args) {
  const std::int64_t n = args.g.n, h = args.g.h, w = args.g.w, p = args.g.p(), q = args.g.q();
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
#pragma omp parallel for collapse(2) schedule(static) if (n * h * w * args.g.c >= kParallelElements)
    for (std::int64_t image = 0; image < n; ++image) {
      for (std::int64_t i = 0; i < h; ++i) {
        const Range ps = windows_over(i + args.g.rows.before, args.g, p);
        for (std::int64_t j = 0; j < w; ++j) gather_gradient<T>(args, image, i, j, ps, p, q);
      }
    }
  });
}

}  // namespace kernels::cpu
