#include "kernels/max_pool.h"

#include "kernels/cpu/loops.h"
#include "kernels/cpu/simd.h"

namespace kernels::cpu {
namespace {

using Range = IndexRange<std::int64_t>;

/// Window q of row p of an image; `out` is the place for its maxima.
template <class T>
void take_maxima(const MaxPoolForward& args, std::int64_t image, std::int64_t p, std::int64_t q, std::int64_t out) {
  const PoolGeometry& g = args.g;
  const std::int64_t row = p * g.stride - g.rows.before, column = q * g.stride - g.columns.before;
  const Range rs = taps_inside(row, g.window, g.h), ss = taps_inside(column, g.window, g.w);
  const T* x = args.x.as<T>() + image * g.h * g.w * g.c;
  T* y = args.y.as<T>() + out;
  std::uint8_t* taps = args.taps ? args.taps.as<std::uint8_t>() + out : nullptr;
  for_each_vector(g.c, [=, w = g.w, channels = g.c, window = g.window]<class V>(std::int64_t c, V) {
    const auto pixel = [=](std::int64_t r, std::int64_t s) {
      return load_as<V>(x + ((row + r) * w + column + s) * channels + c);
    };
    const auto tap = [=](std::int64_t r, std::int64_t s) {
      return IntsOf<V>() + static_cast<std::int32_t>(r * window + s);
    };
    V best = pixel(rs.begin, ss.begin);
    IntsOf<V> taken = tap(rs.begin, ss.begin);
    for (std::int64_t r = rs.begin; r < rs.end; ++r) {
      for (std::int64_t s = ss.begin; s < ss.end; ++s) {
        const V value = pixel(r, s);
        const auto better = (value > best) | (value != value);
        best = better ? value : best;
        taken = better ? tap(r, s) : taken;
      }
    }
    store(y + c, best);
    if (taps != nullptr) store(taps + c, taken);
  });
}

/// Every pixel gathers from the windows over it, in a fixed order, so that no two threads write to the same place.
/// ps: the rows of windows that cover the row of pixels, each of `q_count` windows; g.p() and g.q() would divide, which
/// costs as much as the sums here.
template <class T>
void gather_gradient(const MaxPoolBackward& args, std::int64_t image, std::int64_t row, std::int64_t column, Range ps,
                     std::int64_t p_count, std::int64_t q_count) {
  const PoolGeometry& g = args.g;
  const std::int64_t padded_row = row + g.rows.before, padded_column = column + g.columns.before;
  const Range qs = windows_over(padded_column, g.window, g.stride, q_count);
  const std::int64_t first_window = image * p_count * q_count * g.c;
  const T* dy = args.dy.as<T>() + first_window;
  const std::uint8_t* taps = args.taps.as<std::uint8_t>() + first_window;
  T* dx = args.dx.view.as<T>() + ((image * g.h + row) * g.w + column) * g.c;
  for_each_vector(g.c, [=, channels = g.c, window = g.window, stride = g.stride,
                        accumulate = args.dx.accumulate]<class V>(std::int64_t c, V) {
    V sum{};
    for (std::int64_t p = ps.begin; p < ps.end; ++p) {
      for (std::int64_t q = qs.begin; q < qs.end; ++q) {
        const auto tap = static_cast<std::int32_t>((padded_row - p * stride) * window + padded_column - q * stride);
        const std::int64_t from = (p * q_count + q) * channels + c;
        const V gradient = load_as<V>(dy + from);
        sum += load_as<IntsOf<V>>(taps + from) == tap ? gradient : V();
      }
    }
    store(dx + c, accumulate ? load_as<V>(dx + c) + sum : sum);
  });
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
        const Range ps = windows_over(i + args.g.rows.before, args.g.window, args.g.stride, p);
        for (std::int64_t j = 0; j < w; ++j) gather_gradient<T>(args, image, i, j, ps, p, q);
      }
    }
  });
}

}  // namespace kernels::cpu
