#include "kernels/reduce.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cuda {
namespace {

// partials[block] = the sum over this block's threads
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) sum_blocks(const T* x, std::int64_t count, double* partials) {
  double sum = 0;
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    if (i + kWidth <= count) {
      const auto lanes = load<kWidth>(x + i);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) sum += static_cast<float>(lanes.lane[j]);
    } else {
      for (std::int64_t j = i; j < count; ++j) sum += static_cast<float>(x[j]);
    }
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads) sum_partials(const double* partials, int count, float factor, float* y) {
  double sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) sum += partials[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *y = static_cast<float>(factor * sum);
}

}  // namespace

void sum(const Context& context, const Sum& args) {
  const std::int64_t count = args.x.shape.elements();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    with_width<T>(aligned({x}), [&](auto width) {
      const Launch how = strided(ceil_div(count, width.value), stream(context));
      const engine::Scratch scratch(context, how.grid.x * sizeof(double));
      double* partials = scratch.as<double>();
      launch(how, sum_blocks<width.value, T>, x, count, partials);
      launch(block_each(1, stream(context)), sum_partials, partials, static_cast<int>(how.grid.x), args.factor,
             args.y.as<float>());
    });
  });
}

}  // namespace kernels::cuda
