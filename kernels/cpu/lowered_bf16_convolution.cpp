#include "kernels/cpu/lowered_bf16_convolution.h"

#include "kernels/cpu/convolution_windows.h"
#include "kernels/cpu/matmul.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

using engine::Scratch;

/// All threads work on one chunk: its windows stay in the shared caches, and matrix products are large.
constexpr std::int64_t kChunkElements = 1 << 23;

Scratch halves(const Context& context, std::int64_t count) {
  return {context, static_cast<std::size_t>(count) * sizeof(bf16)};
}

/// windows [images*P*Q, R*S*C] of a chunk of x.
void gather(const Context& context, const Chunks& chunks, std::int64_t chunk, const bf16* x, bf16* windows) {
  const std::int64_t image = chunks.g.h * chunks.g.w * chunks.g.c, rows = chunks.size(chunk) * chunks.p;
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t row = 0; row < rows; ++row) {
    gather_row(chunks, row % chunks.p, x + (chunks.first(chunk) + row / chunks.p) * image,
               windows + row * chunks.q * chunks.window);
  }
}

View matrix(void* data, Dtype dtype, std::int64_t rows, std::int64_t columns) { return {data, dtype, {rows, columns}}; }

/// y (+)= windows of x times a weight matrix [window, K], or its transpose.
void convolve(const Context& context, const Conv2dGeometry& g, const bf16* x, const bf16* weight, bool transposed,
              bf16* y, bool accumulate) {
  const Chunks chunks(g, kChunkElements);
  const Scratch windows = halves(context, chunks.elements());
  for (std::int64_t chunk = 0; chunk < chunks.count; ++chunk) {
    gather(context, chunks, chunk, x, windows.as<bf16>());
    const std::int64_t rows = chunks.size(chunk) * chunks.pixels;
    matmul(context, {.m = rows, .n = g.k, .k = chunks.window}, windows.as<bf16>(), weight,
           {matrix(y + chunks.first(chunk) * chunks.pixels * g.k, Dtype::bf16, rows, g.k), accumulate},
           {.transpose_b = transposed});
  }
}

/// With stride 1, dx is a convolution of dy with the weights rotated by 180 degrees: a matrix [R*S*K, C], whose rows
/// are rows of [K,R,S,C].
void dgrad_as_convolution(const Context& context, const Conv2dDgrad& args) {
  const Conv2dGeometry& g = args.g;
  const std::int64_t taps = g.r * g.s;
  const Scratch turned = halves(context, taps * g.k * g.c);
  const bf16* weight = args.weight.as<bf16>();
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t row = 0; row < taps * g.k; ++row) {
    const std::int64_t tap = taps - 1 - row / g.k, k = row % g.k;
    std::copy_n(weight + (k * taps + tap) * g.c, g.c, turned.as<bf16>() + row * g.c);
  }
  convolve(
      context,
      {.n = g.n, .h = g.p(), .w = g.q(), .c = g.k, .k = g.c, .r = g.r, .s = g.s, .stride = 1, .pad = g.r - 1 - g.pad},
      args.dy.as<bf16>(), turned.as<bf16>(), false, args.dx.view.as<bf16>(), args.dx.accumulate);
}

}  // namespace

void lowered_bf16_forward(const Context& context, const Conv2dForward& args) {
  convolve(context, args.g, args.x.as<bf16>(), args.weight.as<bf16>(), true, args.y.as<bf16>(), false);
}

void lowered_bf16_dgrad(const Context& context, const Conv2dDgrad& args) {
  const Conv2dGeometry& g = args.g;
  if (g.stride == 1 && g.r == g.s && g.pad < g.r) return dgrad_as_convolution(context, args);
  const Chunks chunks(g, kChunkElements);
  const std::int64_t image = g.h * g.w * g.c;
  const Scratch windows = Scratch::floats(context, chunks.elements()),
                sums = Scratch::floats(context, chunks.images * image);
  for (std::int64_t chunk = 0; chunk < chunks.count; ++chunk) {
    const std::int64_t rows = chunks.size(chunk) * chunks.pixels;
    matmul(context, {.m = rows, .n = chunks.window, .k = g.k},
           args.dy.as<bf16>() + chunks.first(chunk) * chunks.pixels * g.k, args.weight.as<bf16>(),
           {matrix(windows.as<float>(), Dtype::f32, rows, chunks.window)});
#pragma omp parallel for schedule(static) num_threads(context.threads())
    for (std::int64_t n = 0; n < chunks.size(chunk); ++n) {
      float* sum = sums.as<float>() + n * image;
      std::fill_n(sum, image, 0.0f);
      for (std::int64_t p = 0; p < chunks.p; ++p)
        scatter_row(chunks, p, windows.as<float>() + (n * chunks.p + p) * chunks.q * chunks.window, sum);
      bf16* dx = args.dx.view.as<bf16>() + (chunks.first(chunk) + n) * image;
      const bool accumulate = args.dx.accumulate;
#pragma omp simd
      for (std::int64_t i = 0; i < image; ++i) store(dx[i], accumulate ? static_cast<float>(dx[i]) + sum[i] : sum[i]);
    }
  }
}

void lowered_bf16_wgrad(const Context& context, const Conv2dWgrad& args) {
  const Chunks chunks(args.g, kChunkElements);
  const Scratch windows = halves(context, chunks.elements());
  for (std::int64_t chunk = 0; chunk < chunks.count; ++chunk) {
    gather(context, chunks, chunk, args.x.as<bf16>(), windows.as<bf16>());
    matmul(context, {.m = args.g.k, .n = chunks.window, .k = chunks.size(chunk) * chunks.pixels},
           args.dy.as<bf16>() + chunks.first(chunk) * chunks.pixels * args.g.k, windows.as<bf16>(),
           {args.dweight.view, args.dweight.accumulate || chunk > 0}, {.transpose_a = true});
  }
}

}  // namespace kernels::cpu
