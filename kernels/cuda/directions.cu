#include "kernels/directions.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/runtime/philox.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cuda {
namespace {

// One block holds up to kMost rows of kMost numbers in registers: every warp has some of the rows, and every lane the
// same part of each. The interpreter, which is slow, has a smaller block.
#if defined(SIMT_INTERPRETER)
constexpr int kBlock = 128, kMost = 64;
#else
constexpr int kBlock = 1024, kMost = 128;
#endif
constexpr int kWarps = kBlock / kWarp, kRows = kMost / kWarps, kPart = kMost / kWarp;
static_assert(kPart % 2 == 0);  // a draw has the words of two numbers

struct Directions {
  std::uint64_t seed;
  const std::int32_t* step;  // or null: step 0
  int k, d;
  float* directions;

  __device__ engine::Philox stream(int row) const {
    const std::int32_t at = step != nullptr ? *step : 0;
    return {seed, engine::Purpose::directions, static_cast<std::uint32_t>(row), static_cast<std::uint64_t>(at)};
  }
};

__device__ void draw_pair(const engine::Philox& random, int draw, double& first, double& second) {
  const engine::Philox::Block words = random.words(static_cast<std::uint32_t>(draw));
  first = engine::Philox::normal_of(words.word[0], words.word[1]);
  second = engine::Philox::normal_of(words.word[2], words.word[3]);
}

// Row after row: its warp normalises it and passes it through shared memory to all warps, which make their later rows
// orthogonal to it. (Finished rows of the same round change, too, but nobody reads them again.) Two buffers, so that
// there is one barrier per row.
__global__ void __launch_bounds__(kBlock) orthogonalise_in_registers(Directions args) {
  __shared__ double unit[2][kMost];
  const int lane = lane_in_warp(), warp = static_cast<int>(threadIdx.x) / kWarp;
  double rows[kRows][kPart];
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const int row = r * kWarps + warp;
#pragma unroll
    for (int j = 0; j < kPart; j += 2) {
      const int i = lane * kPart + j;
      rows[r][j] = rows[r][j + 1] = 0;
      if (row < args.k && i < args.d) draw_pair(args.stream(row), i / 2, rows[r][j], rows[r][j + 1]);
      if (i + 1 >= args.d) rows[r][j + 1] = 0;
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    for (int owner = 0; owner < kWarps && r * kWarps + owner < args.k; ++owner) {
      double* shared = unit[owner % 2] + lane * kPart;
      if (warp == owner) {
        double squares = 0;
#pragma unroll
        for (int j = 0; j < kPart; ++j) squares += rows[r][j] * rows[r][j];
        const double factor = 1 / sqrt(warp_sum(squares));
        float* to = args.directions + (r * kWarps + owner) * args.d + lane * kPart;
#pragma unroll
        for (int j = 0; j < kPart; ++j) {
          shared[j] = factor * rows[r][j];
          if (lane * kPart + j < args.d) to[j] = static_cast<float>(shared[j]);
        }
      }
      __syncthreads();
#pragma unroll
      for (int later = r; later < kRows; ++later) {
        double along = 0;
#pragma unroll
        for (int j = 0; j < kPart; ++j) along += shared[j] * rows[later][j];
        along = warp_sum(along);
#pragma unroll
        for (int j = 0; j < kPart; ++j) rows[later][j] -= along * shared[j];
      }
    }
  }
}

// Larger matrices are in global memory, and each row is a launch.

__global__ void __launch_bounds__(kThreads) draw_rows(Directions args, double* rows) {
  const int pairs = ceil_div(args.d, 2);
  for (std::int64_t i = first_in_grid(); i < std::int64_t{args.k} * pairs; i += grid_stride()) {
    const int row = static_cast<int>(i / pairs), at = 2 * static_cast<int>(i % pairs);
    double first = 0, second = 0;
    draw_pair(args.stream(row), at / 2, first, second);
    rows[std::int64_t{row} * args.d + at] = first;
    if (at + 1 < args.d) rows[std::int64_t{row} * args.d + at + 1] = second;
  }
}

/// One warp per row after `done` makes it orthogonal to `done`.
__global__ void __launch_bounds__(kThreads) subtract_row(double* rows, int k, int d, int done) {
  const std::int64_t row = done + 1 + warp_in_grid();
  if (row >= k) return;
  const double* from = rows + std::int64_t{done} * d;
  double* to = rows + row * d;
  double along = 0, squares = 0;
  for (int i = lane_in_warp(); i < d; i += kWarp) {
    along += from[i] * to[i];
    squares += from[i] * from[i];
  }
  const double factor = warp_sum(along) / warp_sum(squares);
  for (int i = lane_in_warp(); i < d; i += kWarp) to[i] -= factor * from[i];
}

__global__ void __launch_bounds__(kThreads) normalise_rows(const double* rows, int k, int d, float* directions) {
  const std::int64_t row = warp_in_grid();
  if (row >= k) return;
  const double* from = rows + row * d;
  double squares = 0;
  for (int i = lane_in_warp(); i < d; i += kWarp) squares += from[i] * from[i];
  const double factor = 1 / sqrt(warp_sum(squares));
  for (int i = lane_in_warp(); i < d; i += kWarp) directions[row * d + i] = static_cast<float>(factor * from[i]);
}

}  // namespace

void draw_directions(const Context& context, const DrawDirections& args) {
  expect_valid(args);
  const Directions directions{.seed = args.seed,
                              .step = args.step ? args.step.as<std::int32_t>() : nullptr,
                              .k = static_cast<int>(args.directions.shape[0]),
                              .d = static_cast<int>(args.directions.shape[1]),
                              .directions = args.directions.as<float>()};
  const auto [k, d] = std::pair(directions.k, directions.d);
  if (d <= kMost) {
    launch({dim3(k > 0 ? 1 : 0), dim3(kBlock), stream(context)}, orthogonalise_in_registers, directions);
    return;
  }
  const engine::Scratch scratch(context, static_cast<std::size_t>(args.directions.shape.elements()) * sizeof(double));
  double* rows = scratch.as<double>();
  launch(strided(std::int64_t{k} * ceil_div(d, 2), stream(context)), draw_rows, directions, rows);
  for (int row = 0; row + 1 < k; ++row) {
    launch(warp_each(k - row - 1, stream(context)), subtract_row, rows, k, d, row);
  }
  launch(warp_each(k, stream(context)), normalise_rows, static_cast<const double*>(rows), k, d, directions.directions);
}

}  // namespace kernels::cuda
