#include "kernels/cpu/lowered_convolution.h"

#include <omp.h>

#include <algorithm>
#include <oneapi/dnnl/dnnl.hpp>

#include "engine/core/scratch.h"
#include "kernels/cpu/matmul.h"

namespace kernels::cpu {
namespace {

/// Images are taken a few at a time: as many as keep their windows within 256 KiB, half of a usual L2 cache.
struct Chunks {
  explicit Chunks(const Conv2dGeometry& geometry)
      : g(geometry),
        window(g.r * g.s * g.c),
        pixels(g.p() * g.q()),
        images(
            std::clamp<std::int64_t>((std::int64_t{1} << 16) / (window * pixels), 1, std::max<std::int64_t>(g.n, 1))),
        count((g.n + images - 1) / images) {}

  std::int64_t first(std::int64_t chunk) const { return chunk * images; }
  std::int64_t size(std::int64_t chunk) const { return std::min(images, g.n - first(chunk)); }
  std::size_t bytes() const { return static_cast<std::size_t>(images * pixels * window) * sizeof(float); }

  Conv2dGeometry g;
  std::int64_t window, pixels;  // elements of a window, windows of an image
  std::int64_t images, count;
};

/// Calls body(window row, offset in the image, contiguous elements) for the parts of window (p,q) that lie inside the
/// image: one per window row when no column is cut off by the padding.
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

template <class Body>
void for_each_window(const Chunks& chunks, std::int64_t chunk, const Body& body) {
  const Conv2dGeometry& g = chunks.g;
  std::int64_t row = 0;
  for (std::int64_t n = chunks.first(chunk); n < chunks.first(chunk) + chunks.size(chunk); ++n) {
    for (std::int64_t p = 0; p < g.p(); ++p) {
      for (std::int64_t q = 0; q < g.q(); ++q) body(n * g.h * g.w * g.c, p, q, row++ * chunks.window);
    }
  }
}

/// windows [images*P*Q, R*S*C] of a chunk of x, zero where they leave the image.
void gather(const Chunks& chunks, std::int64_t chunk, const float* x, float* windows) {
  for_each_window(chunks, chunk, [&](std::int64_t image, std::int64_t p, std::int64_t q, std::int64_t row) {
    if (chunks.g.pad > 0) std::fill_n(windows + row, chunks.window, 0.0f);
    for_each_part(chunks.g, p, q, [&](std::int64_t to, std::int64_t from, std::int64_t count) {
      std::copy_n(x + image + from, count, windows + row + to);
    });
  });
}

/// The transpose of `gather`: adds every window back to where it came from.
void scatter(const Chunks& chunks, std::int64_t chunk, const float* windows, float* x) {
  for_each_window(chunks, chunk, [&](std::int64_t image, std::int64_t p, std::int64_t q, std::int64_t row) {
    for_each_part(chunks.g, p, q, [&](std::int64_t from, std::int64_t to, std::int64_t count) {
      float* y = x + image + to;
      const float* add = windows + row + from;
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) y[i] += add[i];
    });
  });
}

/// Calls body(chunk, windows, thread) for every chunk, with a window buffer per thread. Thread t does the t-th
/// contiguous part.
template <class Body>
void parallel_chunks(const Context& context, const Chunks& chunks, const Body& body) {
  const engine::Scratch windows(context, static_cast<std::size_t>(context.threads()) * chunks.bytes());
#pragma omp parallel num_threads(context.threads())
  {
    const std::int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    float* own = windows.as<float>() + static_cast<std::size_t>(thread) * chunks.bytes() / sizeof(float);
    const std::int64_t end = chunks.count * (thread + 1) / threads;
    for (std::int64_t chunk = chunks.count * thread / threads; chunk < end; ++chunk) { body(chunk, own, thread); }
  }
}

}  // namespace

bool lowering_is_faster(const Conv2dGeometry& g) {
  constexpr std::int64_t kShortRow =
      64;  // elements: copying shorter rows of a window costs more than the product gains
  return g.stride > 1 && g.r * g.s > 1 && g.s * g.c >= kShortRow &&
         dnnl::get_effective_cpu_isa() < dnnl::cpu_isa::avx512_core;
}

void lowered_forward(const Context& context, const Conv2dForward& args) {
  const Chunks chunks(args.g);
  const float *x = args.x.as<float>(), *weight = args.weight.as<float>();
  float* y = args.y.as<float>();
  parallel_chunks(context, chunks, [&](std::int64_t chunk, float* windows, std::int64_t) {
    gather(chunks, chunk, x, windows);
    matmul({.m = chunks.size(chunk) * chunks.pixels, .n = args.g.k, .k = chunks.window}, windows, weight,
           y + chunks.first(chunk) * chunks.pixels * args.g.k, {.transpose_b = true});
  });
}

void lowered_dgrad(const Context& context, const Conv2dDgrad& args) {
  const Chunks chunks(args.g);
  const std::int64_t image = args.g.h * args.g.w * args.g.c;
  const float *dy = args.dy.as<float>(), *weight = args.weight.as<float>();
  float* dx = args.dx.view.as<float>();
  parallel_chunks(context, chunks, [&](std::int64_t chunk, float* windows, std::int64_t) {
    matmul({.m = chunks.size(chunk) * chunks.pixels, .n = chunks.window, .k = args.g.k},
           dy + chunks.first(chunk) * chunks.pixels * args.g.k, weight, windows);
    if (!args.dx.accumulate) std::fill_n(dx + chunks.first(chunk) * image, chunks.size(chunk) * image, 0.0f);
    scatter(chunks, chunk, windows, dx);
  });
}

void lowered_wgrad(const Context& context, const Conv2dWgrad& args) {
  const Chunks chunks(args.g);
  const std::int64_t elements = args.g.k * chunks.window;
  const float *dy = args.dy.as<float>(), *x = args.x.as<float>();
  // Each thread sums its chunks in order into a gradient of its own; these are then added in the order of the threads.
  const engine::Scratch partial(context, static_cast<std::size_t>(context.threads() * elements) * sizeof(float));
  std::fill_n(partial.as<float>(), context.threads() * elements, 0.0f);
  parallel_chunks(context, chunks, [&](std::int64_t chunk, float* windows, std::int64_t thread) {
    gather(chunks, chunk, x, windows);
    matmul({.m = args.g.k, .n = chunks.window, .k = chunks.size(chunk) * chunks.pixels},
           dy + chunks.first(chunk) * chunks.pixels * args.g.k, windows, partial.as<float>() + thread * elements,
           {.transpose_a = true, .accumulate = true});
  });
  float* dweight = args.dweight.view.as<float>();
  for (std::int64_t i = 0; i < elements; ++i) {
    float sum = args.dweight.accumulate ? dweight[i] : 0.0f;
    for (std::int64_t thread = 0; thread < context.threads(); ++thread)
      sum += partial.as<float>()[thread * elements + i];
    dweight[i] = sum;
  }
}

}  // namespace kernels::cpu
