#include "kernels/cpu/lowered_convolution.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/cpu/convolution_windows.h"
#include "kernels/cpu/host_memory.h"
#include "kernels/cpu/matmul.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

constexpr std::int64_t kChunkElements = 1 << 16;  // 256 KiB, half of a usual L2 cache

/// windows [images*P*Q, R*S*C] of a chunk of x.
void gather(const Chunks& chunks, std::int64_t chunk, const float* x, float* windows) {
  const std::int64_t image = chunks.g.h * chunks.g.w * chunks.g.c;
  for (std::int64_t n = chunks.first(chunk); n < chunks.first(chunk) + chunks.size(chunk); ++n) {
    for (std::int64_t p = 0; p < chunks.p; ++p, windows += chunks.q * chunks.window)
      gather_row(chunks, p, x + n * image, windows);
  }
}

/// The transpose of `gather`: adds windows to the images of a chunk of x.
void scatter(const Chunks& chunks, std::int64_t chunk, const float* windows, float* x) {
  const std::int64_t image = chunks.g.h * chunks.g.w * chunks.g.c;
  for (std::int64_t n = chunks.first(chunk); n < chunks.first(chunk) + chunks.size(chunk); ++n) {
    for (std::int64_t p = 0; p < chunks.p; ++p, windows += chunks.q * chunks.window)
      scatter_row(chunks, p, windows, x + n * image);
  }
}

/// Calls body(chunk, windows, thread) for every chunk, with one window buffer per thread. Thread t takes the t-th
/// contiguous range of chunks.
template <class Body>
void parallel_chunks(const Context& context, const Chunks& chunks, const Body& body) {
  const engine::Scratch windows = engine::Scratch::floats(context, context.threads() * chunks.elements());
  expect_library_memory(context);
  std::exception_ptr failure;  // an exception must not leave an OpenMP region
#pragma omp parallel num_threads(context.threads())
  try {
    const std::int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    float* own = windows.as<float>() + thread * chunks.elements();
    const std::int64_t end = chunks.count * (thread + 1) / threads;
    for (std::int64_t chunk = chunks.count * thread / threads; chunk < end; ++chunk) { body(chunk, own, thread); }
  } catch (...) {
#pragma omp critical
    failure = std::current_exception();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

bool lowering_is_faster(const Conv2dGeometry& g) {
  constexpr std::int64_t kShortRow = 64;  // elements: copying shorter rows costs more than the product gains
  return g.stride > 1 && g.r * g.s > 1 && g.s * g.c >= kShortRow &&
         dnnl::get_effective_cpu_isa() < dnnl::cpu_isa::avx512_core;
}

void lowered_forward(const Context& context, const Conv2dForward& args) {
  const Chunks chunks(args.g, kChunkElements);
  const float *x = args.x.as<float>(), *weight = args.weight.as<float>();
  float* y = args.y.as<float>();
  parallel_chunks(context, chunks, [&](std::int64_t chunk, float* windows, std::int64_t) {
    gather(chunks, chunk, x, windows);
    matmul({.m = chunks.size(chunk) * chunks.pixels, .n = args.g.k, .k = chunks.window}, windows, weight,
           y + chunks.first(chunk) * chunks.pixels * args.g.k, {.transpose_b = true});
  });
}

void lowered_dgrad(const Context& context, const Conv2dDgrad& args) {
  const Chunks chunks(args.g, kChunkElements);
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
  const Chunks chunks(args.g, kChunkElements);
  const std::int64_t elements = args.g.k * chunks.window;
  const float *dy = args.dy.as<float>(), *x = args.x.as<float>();
  // Each thread sums its chunks in order into its own gradient; the gradients are then added in thread order.
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
