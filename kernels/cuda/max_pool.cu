#include "kernels/max_pool.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/pool_sizes.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

using Range = IndexRange<int>;

// One block per row of windows; one thread per window and kWidth channels.
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) take_maxima(const T* xs, PoolSizes g, T* ys, std::uint8_t* all_taps) {
  const int image = static_cast<int>(blockIdx.x) / g.p, p = static_cast<int>(blockIdx.x) % g.p;
  const int groups = g.c / kWidth, row = p * g.stride - g.before_rows;
  const Range rs = taps_inside(row, g.window, g.h);
  for (int i = static_cast<int>(threadIdx.x); i < g.q * groups; i += kThreads) {
    const int q = i / groups, channel = i % groups * kWidth, column = q * g.stride - g.before_columns;
    const Range ss = taps_inside(column, g.window, g.w);
    // Of the first tap, which may lie outside. The others are 32-bit offsets from it.
    const std::int64_t first = ((static_cast<std::int64_t>(image) * g.h + row) * g.w + column) * g.c + channel;
    float best[kWidth];
    Lanes<std::uint8_t, kWidth> taken;
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      best[j] = -INFINITY;
      narrow(taken.lane[j], rs.begin * g.window + ss.begin);
    }
    for (int r = rs.begin; r < rs.end; ++r) {
      for (int s = ss.begin; s < ss.end; ++s) {
        const auto lanes = load<kWidth>(xs + first + (r * g.w + s) * g.c);
#pragma unroll
        for (int j = 0; j < kWidth; ++j) {
          const auto value = static_cast<float>(lanes.lane[j]);
          const bool better = value > best[j] || value != value;
          best[j] = better ? value : best[j];
          if (better) narrow(taken.lane[j], r * g.window + s);
        }
      }
    }
    const std::int64_t out = (static_cast<std::int64_t>(blockIdx.x) * g.q + q) * g.c + channel;
    write<false>(ys + out, best);
    if (all_taps != nullptr) store(all_taps + out, taken);
  }
}

// One block per row of pixels; each pixel gathers from the windows over it, in a fixed order.
template <int kWidth, bool kAccumulate, class T>
__global__ void __launch_bounds__(kThreads)
    gather_gradient(const T* dys, const std::uint8_t* all_taps, PoolSizes g, T* dxs) {
  const int image = static_cast<int>(blockIdx.x) / g.h, row = static_cast<int>(blockIdx.x) % g.h + g.before_rows;
  const int groups = g.c / kWidth;
  const Range ps = windows_over(row, g.window, g.stride, g.p);
  for (int i = static_cast<int>(threadIdx.x); i < g.w * groups; i += kThreads) {
    const int pixel = i / groups, channel = i % groups * kWidth, column = pixel + g.before_columns;
    const Range qs = windows_over(column, g.window, g.stride, g.q);
    float sums[kWidth] = {};
    for (int p = ps.begin; p < ps.end; ++p) {
#pragma unroll 1  // few windows cover a pixel; unrolling would spill registers
      for (int q = qs.begin; q < qs.end; ++q) {
        const int tap = (row - p * g.stride) * g.window + column - q * g.stride;
        const std::int64_t out = ((static_cast<std::int64_t>(image) * g.p + p) * g.q + q) * g.c + channel;
        const auto gradients = load<kWidth>(dys + out);
        const auto taps = load<kWidth>(all_taps + out);
#pragma unroll
        for (int j = 0; j < kWidth; ++j) {
          sums[j] += taps.lane[j] == tap ? static_cast<float>(gradients.lane[j]) : 0.0f;
        }
      }
    }
    write<kAccumulate>(dxs + (static_cast<std::int64_t>(blockIdx.x) * g.w + pixel) * g.c + channel, sums);
  }
}

// The same for windows of 3 with stride 2. Two rows and two columns from an even padded index on lie under the same two
// windows each way: the one of half that index, by its taps 0 and 1, and the one before, by its tap 2. A thread reads
// four windows once and writes four pixels. One block per pair of rows.
template <int kWidth, bool kAccumulate, class T>
__global__ void __launch_bounds__(kThreads)
    gather_pairs(const T* dys, const std::uint8_t* all_taps, PoolSizes g, int pairs, T* dxs) {
  const int image = static_cast<int>(blockIdx.x) / pairs, p = static_cast<int>(blockIdx.x) % pairs;
  const int groups = g.c / kWidth, across = ceil_div(g.w + g.before_columns, 2);
  const std::int64_t windows = (static_cast<std::int64_t>(image) * g.p + p) * g.q;
  const std::int64_t pixels = (static_cast<std::int64_t>(image) * g.h + 2 * p - g.before_rows) * g.w;
  for (int i = static_cast<int>(threadIdx.x); i < across * groups; i += kThreads) {
    const int q = i / groups, channel = i % groups * kWidth;
    const std::int64_t last = (windows + q) * g.c + channel;  // of the window that the pixels are the first taps of
    float sums[2][2][kWidth] = {};
#pragma unroll
    for (int up = 1; up >= 0; --up) {
#pragma unroll
      for (int left = 1; left >= 0; --left) {
        if (p < up || p - up >= g.p || q < left || q - left >= g.q) continue;
        const std::int64_t at = last - (up * g.q + left) * g.c;
        const auto gradients = load<kWidth>(dys + at);
        const auto taps = load<kWidth>(all_taps + at);
#pragma unroll
        for (int row = 0; row + 2 * up < 3 && row < 2; ++row) {
#pragma unroll
          for (int column = 0; column + 2 * left < 3 && column < 2; ++column) {
            const int tap = (row + 2 * up) * 3 + column + 2 * left;
#pragma unroll
            for (int j = 0; j < kWidth; ++j) {
              sums[row][column][j] += taps.lane[j] == tap ? static_cast<float>(gradients.lane[j]) : 0.0f;
            }
          }
        }
      }
    }
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const int y = 2 * p + row - g.before_rows;
      if (y < 0 || y >= g.h) continue;
#pragma unroll
      for (int column = 0; column < 2; ++column) {
        const int x = 2 * q + column - g.before_columns;
        if (x < 0 || x >= g.w) continue;
        write<kAccumulate>(dxs + (pixels + static_cast<std::int64_t>(row) * g.w + x) * g.c + channel,
                           sums[row][column]);
      }
    }
  }
}

}  // namespace

void max_pool_forward(const Context& context, const MaxPoolForward& args) {
  const PoolGeometry& g = args.g;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    T* y = args.y.as<T>();
    std::uint8_t* taps = args.taps ? args.taps.as<std::uint8_t>() : nullptr;
    with_width<T>(g.c % kWidest<T> == 0 && aligned({x, y, taps}), [&](auto width) {
      launch(block_each(g.n * g.p(), stream(context)), take_maxima<width.value, T>, x, PoolSizes(g), y, taps);
    });
  });
}

void max_pool_backward(const Context& context, const MaxPoolBackward& args) {
  const PoolGeometry& g = args.g;
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dy = args.dy.as<T>();
    const auto* taps = args.taps.as<std::uint8_t>();
    T* dx = args.dx.view.as<T>();
    with_width<T>(g.c % kWidest<T> == 0 && aligned({dy, taps, dx}), [&](auto width) {
      with_flag(args.dx.accumulate, [&](auto accumulate) {
        if (g.window == 3 && g.stride == 2) {
          const auto pairs = static_cast<int>(ceil_div(g.h + g.rows.before, 2));
          launch(block_each(g.n * pairs, stream(context)), gather_pairs<width.value, accumulate.value, T>, dy, taps,
                 PoolSizes(g), pairs, dx);
        } else {
          launch(block_each(g.n * g.h, stream(context)), gather_gradient<width.value, accumulate.value, T>, dy, taps,
                 PoolSizes(g), dx);
        }
      });
    });
  });
}

}  // namespace kernels::cuda
