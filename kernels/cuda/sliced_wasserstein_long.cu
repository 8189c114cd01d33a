#include "kernels/cuda/backend.h"
#include "kernels/cuda/sliced_wasserstein.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/runtime/scratch.h"

// Slices are cut into tiles, one per block. A pass of the sort has three launches: each tile counts its digits, a block
// per slice turns the counts into places, and each tile moves its keys there.
namespace kernels::cuda {
namespace {

#if defined(SIMT_INTERPRETER)
constexpr int kItems = 4;
#else
constexpr int kItems = 8;
#endif
constexpr int kTile = kSortThreads * kItems;

/// The numbers of one pass. The first pass reads numbers, whose rows are their places; later ones read keys.
struct Pass {
  const float* numbers;                // [k,n] or null
  const std::uint32_t *keys, *rows;    // [k,n] or null
  std::uint32_t *keys_out, *rows_out;  // [k,n]; rows_out null where rows are not wanted
  std::uint32_t* counts;               // [k][kDigits][tiles]; then the place of each tile's first key of the digit
  std::int64_t n;
  int tiles, pass;

  __device__ std::int64_t begin() const { return blockIdx.x * n; }
  __device__ std::uint32_t* count(unsigned digit) const {
    return counts + (static_cast<std::int64_t>(blockIdx.x) * kDigits + digit) * tiles;
  }
  __device__ std::uint32_t key(std::int64_t i) const {
    return numbers != nullptr ? ordered(numbers[begin() + i]) : keys[begin() + i];
  }
  __device__ std::uint32_t row(std::int64_t i) const {
    return numbers != nullptr ? static_cast<std::uint32_t>(i) : rows[begin() + i];
  }
};

__global__ void __launch_bounds__(kSortThreads) count_digits(Pass args) {
  __shared__ unsigned counts[kDigits];
  const int thread = static_cast<int>(threadIdx.x);
  for (int digit = thread; digit < kDigits; digit += kSortThreads) counts[digit] = 0;
  __syncthreads();
  const std::int64_t first = std::int64_t{blockIdx.y} * kTile, end = min(first + kTile, args.n);
  for (std::int64_t i = first + thread; i < end; i += kSortThreads) {
    atomicAdd(&counts[digit_of(args.key(i), args.pass)], 1u);  // of integers: in any order the same
  }
  __syncthreads();
  for (int digit = thread; digit < kDigits; digit += kSortThreads) args.count(digit)[blockIdx.y] = counts[digit];
}

__global__ void __launch_bounds__(kDigits) place_digits(Pass args) {
  __shared__ unsigned sums[kDigits / kWarp];
  const int lane = lane_in_warp(), warp = static_cast<int>(threadIdx.x) / kWarp;
  std::uint32_t* counts = args.count(threadIdx.x);
  unsigned sum = 0;
  for (int tile = 0; tile < args.tiles; ++tile) sum += counts[tile];
  unsigned through = sum;  // including those of lower lanes
#pragma unroll
  for (int below = 1; below < kWarp; below *= 2) {
    const unsigned other = __shfl_up_sync(kAllLanes, through, below);
    if (lane >= below) through += other;
  }
  if (lane == kWarp - 1) sums[warp] = through;
  __syncthreads();
  unsigned place = through - sum;
  for (int w = 0; w < warp; ++w) place += sums[w];
  for (int tile = 0; tile < args.tiles; ++tile) {
    const unsigned count = counts[tile];
    counts[tile] = place;
    place += count;
  }
}

struct TileMemory {
  std::uint32_t keys[kTile], rows[kTile];
  RankMemory ranks;
  std::uint32_t places[kDigits];  // in the slice
};

// Sorts the tile by the digit first, so that neighbouring threads write to neighbouring addresses.
__global__ void __launch_bounds__(kSortThreads) move_keys(Pass args) {
  auto& memory = *dynamic_shared<TileMemory>();
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t first = std::int64_t{blockIdx.y} * kTile;
  const int count = static_cast<int>(min(args.n - first, std::int64_t{kTile}));
  for (int digit = thread; digit < kDigits; digit += kSortThreads) {
    memory.places[digit] = args.count(digit)[blockIdx.y];
  }
  std::uint32_t keys[kItems];
  Places<kItems> places;
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const int position = position_of<kItems>(i);
    keys[i] = position < count ? args.key(first + position) : kNoKey;
  }
  rank_by_digit(memory.ranks, keys, args.pass, places);
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const int position = position_of<kItems>(i);
    memory.keys[places[i]] = keys[i];
    if (args.rows_out != nullptr && position < count) memory.rows[places[i]] = args.row(first + position);
  }
  __syncthreads();
  for (int i = thread; i < count; i += kSortThreads) {
    const unsigned digit = digit_of(memory.keys[i], args.pass);
    const std::int64_t to =
        args.begin() + (memory.places[digit] + static_cast<unsigned>(i) - memory.ranks.begins[digit]);
    args.keys_out[to] = memory.keys[i];
    if (args.rows_out != nullptr) args.rows_out[to] = memory.rows[i];
  }
}

// Blocks of kSortThreads: blockIdx.x is the slice, blockIdx.y a tile of its ranks.
__global__ void __launch_bounds__(kSortThreads)
    match_ranks(Slices args, const std::uint32_t* keys, const std::uint32_t* rows, const std::uint32_t* prior_keys,
                double* squares) {
  const std::int64_t begin = blockIdx.x * args.n, first = std::int64_t{blockIdx.y} * kTile;
  double sum = 0;
  for (std::int64_t r = first + threadIdx.x; r < min(first + kTile, args.n); r += kSortThreads) {
    const float prior = args.shared_prior ? args.prior[r] : unordered(prior_keys[begin + r]);
    const float difference = unordered(keys[begin + r]) - prior;
    sum += static_cast<double>(difference) * difference;
    if (args.gradient != nullptr) args.gradient[begin + rows[begin + r]] = 2 * args.factor * difference;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) squares[std::int64_t{blockIdx.x} * gridDim.y + blockIdx.y] = sum;
}

/// Sorts every slice of `numbers`; the keys are in `keys` and the rows in `rows` afterwards. Without rows, both are
/// null.
struct Sorted {
  std::uint32_t *keys, *rows, *spare_keys, *spare_rows;
};
void sort_slices(const Context& context, const float* numbers, const Slices& slices, const Sorted& to,
                 std::uint32_t* counts) {
  static_assert(kPasses % 2 == 0);
  const int tiles = static_cast<int>(ceil_div(slices.n, kTile));
  const dim3 one_per_tile(static_cast<unsigned>(slices.k), static_cast<unsigned>(tiles));
  for (int pass = 0; pass < kPasses; ++pass) {
    const bool into_spare = pass % 2 == 0;
    const Pass args{.numbers = pass == 0 ? numbers : nullptr,
                    .keys = into_spare ? to.keys : to.spare_keys,
                    .rows = into_spare ? to.rows : to.spare_rows,
                    .keys_out = into_spare ? to.spare_keys : to.keys,
                    .rows_out = into_spare ? to.spare_rows : to.rows,
                    .counts = counts,
                    .n = slices.n,
                    .tiles = tiles,
                    .pass = pass};
    launch({one_per_tile, dim3(kSortThreads), stream(context)}, count_digits, args);
    launch({dim3(static_cast<unsigned>(slices.k)), dim3(kDigits), stream(context)}, place_digits, args);
    launch({one_per_tile, dim3(kSortThreads), stream(context), sizeof(TileMemory)}, move_keys, args);
  }
}

}  // namespace

void match_long_slices(const Context& context, const Slices& slices, float* loss) {
  const auto words = [&](std::int64_t count) {
    return engine::Scratch(context, static_cast<std::size_t>(count) * sizeof(std::uint32_t));
  };
  const std::int64_t elements = slices.k * slices.n, tiles = ceil_div(slices.n, kTile);
  const engine::Scratch keys = words(elements), spare_keys = words(elements), rows = words(elements),
                        spare_rows = words(elements), counts = words(slices.k * kDigits * tiles);
  const engine::Scratch prior_keys = words(slices.shared_prior ? 0 : elements);
  const engine::Scratch squares(context, static_cast<std::size_t>(slices.k * tiles) * sizeof(double));
  if (!slices.shared_prior) {
    const Sorted to{.keys = prior_keys.as<std::uint32_t>(),
                    .rows = nullptr,
                    .spare_keys = spare_keys.as<std::uint32_t>(),
                    .spare_rows = nullptr};
    sort_slices(context, slices.prior, slices, to, counts.as<std::uint32_t>());
  }
  const Sorted to{.keys = keys.as<std::uint32_t>(),
                  .rows = rows.as<std::uint32_t>(),
                  .spare_keys = spare_keys.as<std::uint32_t>(),
                  .spare_rows = spare_rows.as<std::uint32_t>()};
  sort_slices(context, slices.projections, slices, to, counts.as<std::uint32_t>());
  const dim3 one_per_tile(static_cast<unsigned>(slices.k), static_cast<unsigned>(tiles));
  launch({one_per_tile, dim3(kSortThreads), stream(context)}, match_ranks, slices,
         static_cast<const std::uint32_t*>(to.keys), static_cast<const std::uint32_t*>(to.rows),
         static_cast<const std::uint32_t*>(prior_keys.as<std::uint32_t>()), squares.as<double>());
  add_squares(context, squares.as<double>(), slices.k * tiles, slices.factor, loss);
}

}  // namespace kernels::cuda
