#include "kernels/cuda/sliced_wasserstein.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cuda {
namespace {

#if defined(SIMT_INTERPRETER)
constexpr int kMostItems = 4;
#else
constexpr int kMostItems = 16;  // 113 KB of shared memory
#endif

template <int kItems>
struct SliceMemory {
  std::uint32_t keys[kSortThreads * kItems];  // then gradients
  std::uint16_t rows[kSortThreads * kItems];
  RankMemory ranks;
};

/// Sorts the block's slice up to the last pass, whose places are not taken yet: keys[i] belongs to places[i] and, with
/// kRows, comes from memory.rows[position of i].
template <bool kRows, int kItems>
__device__ void sort_slice(SliceMemory<kItems>& memory, const float* x, int n, std::uint32_t (&keys)[kItems],
                           Places<kItems>& places) {
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const int position = position_of<kItems>(i);
    keys[i] = position < n ? ordered(x[position]) : kNoKey;
  }
#pragma unroll 1  // unrolled, it would need more registers
  for (int pass = 0; pass < kPasses - 1; ++pass) {
    rank_by_digit(memory.ranks, keys, pass, places);
#pragma unroll
    for (int i = 0; i < kItems; ++i) memory.keys[places[i]] = keys[i];
    if constexpr (kRows) {
      std::uint16_t rows[kItems];
#pragma unroll
      for (int i = 0; i < kItems; ++i) {
        const int position = position_of<kItems>(i);
        rows[i] = pass == 0 ? static_cast<std::uint16_t>(position) : memory.rows[position];
      }
      __syncthreads();  // all rows are read
#pragma unroll
      for (int i = 0; i < kItems; ++i) memory.rows[places[i]] = rows[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kItems; ++i) keys[i] = memory.keys[position_of<kItems>(i)];
  }
  rank_by_digit(memory.ranks, keys, kPasses - 1, places);
}

// One block per slice: it sorts the prior's numbers into global memory, then the projections with their rows in shared
// memory. A projection's place is its rank; its gradient goes to its row in shared memory, and from there to global
// memory in one piece.
template <int kItems>
__global__ void __launch_bounds__(kSortThreads) match_slices(Slices args, float* sorted_priors, double* squares) {
  auto& memory = *dynamic_shared<SliceMemory<kItems>>();
  const int n = static_cast<int>(args.n);
  const std::int64_t begin = blockIdx.x * args.n;
  std::uint32_t keys[kItems];
  Places<kItems> places;
  const float* prior = args.prior;
  if (!args.shared_prior) {
    float* sorted = sorted_priors + begin;
    sort_slice<false>(memory, args.prior + begin, n, keys, places);
#pragma unroll
    for (int i = 0; i < kItems; ++i) {
      if (places[i] < static_cast<unsigned>(n)) sorted[places[i]] = unordered(keys[i]);
    }
    prior = sorted;
    __syncthreads();
  }

  sort_slice<true>(memory, args.projections + begin, n, keys, places);
  double sum = 0;
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    if (places[i] < static_cast<unsigned>(n)) {
      const float difference = unordered(keys[i]) - prior[places[i]];
      sum += static_cast<double>(difference) * difference;
      memory.keys[memory.rows[position_of<kItems>(i)]] = std::bit_cast<std::uint32_t>(2 * args.factor * difference);
    }
  }
  sum = block_sum(sum);  // with barriers: all gradients are there
  if (threadIdx.x == 0) squares[blockIdx.x] = sum;
  if (args.gradient == nullptr) return;
  for (int i = static_cast<int>(threadIdx.x); i < n; i += kSortThreads) {
    args.gradient[begin + i] = std::bit_cast<float>(memory.keys[i]);
  }
}

__global__ void __launch_bounds__(kThreads)
    add_squares_in_order(const double* squares, std::int64_t count, float factor, float* loss) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < count; i += kThreads) sum += squares[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *loss = static_cast<float>(static_cast<double>(factor) * sum);
}

template <int kItems>
void launch_items(const Context& context, const Slices& slices, float* sorted_priors, double* squares) {
  if constexpr (kItems < kMostItems) {
    if (slices.n > kSortThreads * kItems) return launch_items<2 * kItems>(context, slices, sorted_priors, squares);
  }
  const Launch how{dim3(static_cast<unsigned>(slices.k)), dim3(kSortThreads), stream(context),
                   sizeof(SliceMemory<kItems>)};
  launch(how, match_slices<kItems>, slices, sorted_priors, squares);
}

}  // namespace

void add_squares(const Context& context, const double* squares, std::int64_t count, float factor, float* loss) {
  launch(block_each(1, stream(context)), add_squares_in_order, squares, count, factor, loss);
}

void sliced_wasserstein(const Context& context, const SlicedWasserstein& args) {
  expect_valid(args);
  const Slices slices{.projections = args.projections.as<float>(),
                      .prior = args.prior.as<float>(),
                      .shared_prior = args.prior.shape.rank() == 1,
                      .k = args.projections.shape[0],
                      .n = args.projections.shape[1],
                      .factor = args.factor,
                      .gradient = args.gradient ? args.gradient.as<float>() : nullptr};
  float* loss = args.loss.as<float>();
  if (slices.n > kSortThreads * kMostItems) return match_long_slices(context, slices, loss);
  const engine::Scratch sorted = engine::Scratch::floats(context, slices.shared_prior ? 0 : slices.k * slices.n);
  const engine::Scratch squares(context, static_cast<std::size_t>(slices.k) * sizeof(double));
  launch_items<1>(context, slices, sorted.as<float>(), squares.as<double>());
  add_squares(context, squares.as<double>(), slices.k, slices.factor, loss);
}

}  // namespace kernels::cuda
