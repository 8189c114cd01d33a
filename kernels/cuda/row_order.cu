#include "kernels/row_order.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"
#include "kernels/runtime/philox.h"

namespace kernels::cuda {
namespace {

__device__ std::uint32_t word_of(std::uint64_t seed, std::int64_t index) {
  engine::Philox random(seed, engine::Purpose::key_order, 0, static_cast<std::uint64_t>(index));
  return random.next();
}

/// A thread per row counts the rows before it: n^2 comparisons, which for a batch cost less than the launches of a
/// sort. A block draws the words of kThreads rows at a time for all its threads.
__global__ void __launch_bounds__(kThreads)
    rank_rows(std::int32_t* order, std::uint64_t seed, const std::int32_t* step, std::int64_t n) {
  __shared__ std::uint32_t words[kThreads];
  const std::int64_t first = *step * n, row = first_in_grid();
  const std::uint32_t own = word_of(seed, first + row);
  std::int64_t before = 0;
  for (std::int64_t begin = 0; begin < n; begin += kThreads) {
    const std::int64_t other = begin + threadIdx.x;
    if (begin > 0) __syncthreads();
    words[threadIdx.x] = word_of(seed, first + other);
    __syncthreads();
    const std::int64_t count = n - begin < kThreads ? n - begin : kThreads;
    for (std::int64_t j = 0; j < count; ++j) before += words[j] < own || (words[j] == own && begin + j < row);
  }
  if (row < n) order[before] = static_cast<std::int32_t>(row);
}

template <bool kInverse, class T>
__global__ void __launch_bounds__(kThreads)
    move_rows(T* y, const T* x, const std::int32_t* order, std::int64_t n, std::int64_t d) {
  for (std::int64_t i = first_in_grid(); i < n * d; i += grid_stride()) {
    const std::int64_t row = i / d, column = i % d, other = order[row] * d + column;
    if constexpr (kInverse) {
      y[other] = x[i];
    } else {
      y[i] = x[other];
    }
  }
}

}  // namespace

void random_order(const Context& context, const RandomOrder& args) {
  const std::int64_t n = args.order.shape.elements();
  launch(block_each(ceil_div(n, kThreads), stream(context)), rank_rows, args.order.as<std::int32_t>(), args.seed,
         args.step.as<std::int32_t>(), n);
}

void reorder_rows(const Context& context, const ReorderRows& args) {
  const std::int64_t count = args.y.shape.elements(), n = args.y.shape[0];
  if (count == 0) return;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    with_flag(args.inverse, [&](auto inverse) {
      launch(strided(count, stream(context)), move_rows<inverse.value, T>, args.y.as<T>(), args.x.as<T>(),
             args.order.as<std::int32_t>(), n, count / n);
    });
  });
}

}  // namespace kernels::cuda
