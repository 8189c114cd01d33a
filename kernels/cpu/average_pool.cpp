#include "kernels/average_pool.h"

#include "kernels/cpu/loops.h"
#include "kernels/cpu/simd.h"

namespace kernels::cpu {
namespace {

using Range = IndexRange<std::int64_t>;

float share(Range rs, Range ss, std::int64_t window, bool counts_padding) {
  const std::int64_t inside = (rs.end - rs.begin) * (ss.end - ss.begin);
  return 1 / static_cast<float>(counts_padding ? window * window : inside);
}

}  // namespace

void average_pool_forward(const Context&, const AveragePoolForward& args) {
  const PoolGeometry& g = args.g;
  const std::int64_t p_count = g.p(), q_count = g.q();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
#pragma omp parallel for collapse(2) schedule(static) if (g.n * p_count * q_count * g.c >= kParallelElements)
    for (std::int64_t image = 0; image < g.n; ++image) {
      for (std::int64_t p = 0; p < p_count; ++p) {
        const std::int64_t row = p * g.stride - g.rows.before;
        const Range rs = taps_inside(row, g.window, g.h);
        for (std::int64_t q = 0; q < q_count; ++q) {
          const std::int64_t column = q * g.stride - g.columns.before;
          const Range ss = taps_inside(column, g.window, g.w);
          const T* x = args.x.as<T>() + ((image * g.h + row) * g.w + column) * g.c;
          T* y = args.y.as<T>() + ((image * p_count + p) * q_count + q) * g.c;
          const float factor = share(rs, ss, g.window, args.counts_padding);
          for_each_vector(g.c, [=, w = g.w, channels = g.c]<class V>(std::int64_t c, V) {
            V sum{};
            for (std::int64_t r = rs.begin; r < rs.end; ++r) {
              for (std::int64_t s = ss.begin; s < ss.end; ++s) sum += load_as<V>(x + (r * w + s) * channels + c);
            }
            store(y + c, sum * factor);
          });
        }
      }
    }
  });
}

// Every pixel gathers from the windows over it, in a fixed order, so that no two threads write to the same place.
void average_pool_backward(const Context&, const AveragePoolBackward& args) {
  const PoolGeometry& g = args.g;
  const std::int64_t p_count = g.p(), q_count = g.q();
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
#pragma omp parallel for collapse(2) schedule(static) if (g.n * g.h * g.w * g.c >= kParallelElements)
    for (std::int64_t image = 0; image < g.n; ++image) {
      for (std::int64_t row = 0; row < g.h; ++row) {
        const Range ps = windows_over(row + g.rows.before, g.window, g.stride, p_count);
        for (std::int64_t column = 0; column < g.w; ++column) {
          const Range qs = windows_over(column + g.columns.before, g.window, g.stride, q_count);
          const T* dy = args.dy.as<T>() + image * p_count * q_count * g.c;
          T* dx = args.dx.view.as<T>() + ((image * g.h + row) * g.w + column) * g.c;
          for_each_vector(g.c, [=, &args, &g]<class V>(std::int64_t c, V) {
            V sum{};
            for (std::int64_t p = ps.begin; p < ps.end; ++p) {
              const Range rs = taps_inside(p * g.stride - g.rows.before, g.window, g.h);
              for (std::int64_t q = qs.begin; q < qs.end; ++q) {
                const Range ss = taps_inside(q * g.stride - g.columns.before, g.window, g.w);
                sum += load_as<V>(dy + (p * q_count + q) * g.c + c) * share(rs, ss, g.window, args.counts_padding);
              }
            }
            store(dx + c, args.dx.accumulate ? load_as<V>(dx + c) + sum : sum);
          });
        }
      }
    }
  });
}

}  // namespace kernels::cpu
