#pragma once
#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/runtime/scratch.h"

/// Sums over all elements, in double: one block per part, then one block for all parts.
namespace kernels::cuda {

template <int kWidth, class Term, class... Loaded>
__device__ __forceinline__ void add_terms(double& sum, const Term& term, const Loaded&... inputs) {
#pragma unroll
  for (int j = 0; j < kWidth; ++j) sum += term(static_cast<float>(inputs.lane[j])...);
}

// partials[block] = the sum of term(inputs[i]...) over this block's threads
template <int kWidth, class Term, class... Inputs>
__global__ void __launch_bounds__(kThreads)
    sum_blocks(std::int64_t count, Term term, double* partials, const Inputs*... inputs) {
  double sum = 0;
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    if (i + kWidth <= count) {
      add_terms<kWidth>(sum, term, load<kWidth>(inputs + i)...);
    } else {
      for (std::int64_t j = i; j < count; ++j) add_terms<1>(sum, term, load<1>(inputs + j)...);
    }
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

/// y = factor * the sum of the partial sums; one block.
static __global__ void __launch_bounds__(kThreads)
    sum_partials(const double* partials, int count, float factor, float* y) {
  double sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) sum += partials[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *y = static_cast<float>(factor * sum);
}

/// y = factor * the sum of term(inputs[i]...) over all elements.
template <class Term, class T, class... Inputs>
void sum_terms(const Context& context, std::int64_t count, float factor, const View& y, const Term& term,
               const T* input, const Inputs*... inputs) {
  with_width<T>(aligned({input, inputs...}), [&](auto width) {
    const Launch how = strided(ceil_div(count, width.value), stream(context));
    const engine::Scratch scratch(context, how.grid.x * sizeof(double));
    double* partials = scratch.as<double>();
    launch(how, sum_blocks<width.value, Term, T, Inputs...>, count, term, partials, input, inputs...);
    launch(block_each(1, stream(context)), sum_partials, partials, static_cast<int>(how.grid.x), factor, y.as<float>());
  });
}

}  // namespace kernels::cuda
