#include <cmath>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/optimizer.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cuda {
namespace {

/// The sums of squares over a part of one segment.
struct Squares {
  double weights, gradients;

  __device__ void operator+=(const Squares& other) {
    weights += other.weights;
    gradients += other.gradients;
  }
};

constexpr int kChunkBlocks = kThreads;          // of kSegmentBlock elements; in the kernel's second half one per thread
constexpr int kBlockLanes = kSegmentBlock / 4;  // threads that read one such block, 16 bytes each
constexpr int kNoSegment = -1;

__device__ Squares sum_of_warp(const Squares& value) { return {warp_sum(value.weights), warp_sum(value.gradients)}; }

// Sums of each chunk per segment, at parts[chunk + segment]: from one part to the next the chunk, the segment or both
// increase, so that the index is unique. Segments are in ascending order, so a part is a run of blocks. The thread of
// the run's first block sums it: within its warp by shuffles, then over the leading runs of the following warps.
// starts[s] = the first block of segment s or, for an empty segment, of the next one; starts[segments] = blocks.
__global__ void __launch_bounds__(kThreads)
    chunk_squares(const float* gradient, const float* value, const std::int32_t* segment_of, const float* decay,
                  std::int64_t blocks, int segments, Squares* parts, std::int32_t* starts) {
  __shared__ Squares of_block[kChunkBlocks];
  __shared__ Squares leading[kThreads / kWarp];
  __shared__ int leading_segment[kThreads / kWarp];
  const int thread = static_cast<int>(threadIdx.x), lane = lane_in_warp(), warp = thread / kWarp;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kChunkBlocks;
  const int count = static_cast<int>(min(blocks - first, static_cast<std::int64_t>(kChunkBlocks)));

  for (int turn = 0; turn < kBlockLanes; ++turn) {
    const int at = (turn * kThreads + thread) / kBlockLanes;
    float weights = 0, gradients = 0;
    if (at < count) {
      const std::int64_t element = (first + at) * kSegmentBlock + thread % kBlockLanes * 4;
      const auto w = load<4>(value + element), g = load<4>(gradient + element);
      const float factor = decay[segment_of[first + at]];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float total = g.lane[j] + factor * w.lane[j];
        weights += w.lane[j] * w.lane[j];
        gradients += total * total;
      }
    }
#pragma unroll
    for (int bits = kBlockLanes / 2; bits > 0; bits /= 2) {
      weights += __shfl_xor_sync(kAllLanes, weights, bits);
      gradients += __shfl_xor_sync(kAllLanes, gradients, bits);
    }
    if (thread % kBlockLanes == 0) of_block[at] = {weights, gradients};
  }
  __syncthreads();

  const std::int64_t own = first + thread;
  const int segment = thread < count ? segment_of[own] : kNoSegment;
  Squares run = of_block[thread];
#pragma unroll
  for (int ahead = 1; ahead < kWarp; ahead *= 2) {
    const Squares other{__shfl_down_sync(kAllLanes, run.weights, ahead),
                        __shfl_down_sync(kAllLanes, run.gradients, ahead)};
    const int other_segment = __shfl_down_sync(kAllLanes, segment, ahead);
    if (lane + ahead < kWarp && other_segment == segment) run += other;
  }
  if (lane == 0) {
    leading[warp] = run;
    leading_segment[warp] = segment;
  }
  __syncthreads();
  if (segment == kNoSegment) return;

  const int before = own > 0 ? segment_of[own - 1] : kNoSegment;
  if (before != segment) {
    for (int s = before + 1; s <= segment; ++s) starts[s] = static_cast<std::int32_t>(own);
  }
  if (own == blocks - 1) {
    for (int s = segment + 1; s <= segments; ++s) starts[s] = static_cast<std::int32_t>(blocks);
  }
  if (thread > 0 && before == segment) return;
  for (int w = warp + 1; w < kThreads / kWarp && leading_segment[w] == segment; ++w) run += leading[w];
  parts[blockIdx.x + static_cast<unsigned>(segment)] = run;
}

/// The arguments of the second launch, in which one block adds up all parts, a warp for each segment in turn: as many
/// warps as a block can have, since each waits for its own loads.
constexpr int kTotalThreads = 1024;
struct Totals {
  const Squares* parts;
  const std::int32_t* starts;  // null if there are no blocks
  const float *penalty, *loss;
  float *norms, *segment_norms;
  std::int32_t* status;
  int segments;
};

__global__ void __launch_bounds__(kTotalThreads) total_squares(Totals args) {
  double squares = 0, penalties = 0;  // over the segments of this warp
  for (int s = static_cast<int>(threadIdx.x) / kWarp; s < args.segments; s += kTotalThreads / kWarp) {
    Squares total{};
    const std::int32_t begin = args.starts != nullptr ? args.starts[s] : 0;
    const std::int32_t end = args.starts != nullptr ? args.starts[s + 1] : 0;
    if (begin < end) {
      const int last_chunk = (end - 1) / kChunkBlocks;
      for (int chunk = begin / kChunkBlocks + lane_in_warp(); chunk <= last_chunk; chunk += kWarp) {
        total += args.parts[chunk + s];
      }
    }
    total = sum_of_warp(total);
    if (lane_in_warp() != 0) continue;
    args.segment_norms[2 * s] = static_cast<float>(sqrt(total.weights));
    args.segment_norms[2 * s + 1] = static_cast<float>(sqrt(total.gradients));
    squares += total.gradients;
    penalties += static_cast<double>(args.penalty[s]) * total.weights;
  }
  squares = block_sum(squares);
  penalties = block_sum(penalties);
  if (threadIdx.x != 0) return;
  const auto norm = static_cast<float>(sqrt(squares));
  args.norms[0] = norm;
  args.norms[1] = static_cast<float>(penalties);
  const bool finite = std::isfinite(norm) && std::isfinite(*args.loss);
  if (!finite && args.status[kStatusNonfinite] < kNonfiniteNow) args.status[kStatusNonfinite] = kNonfiniteNow;
}

}  // namespace

void gradient_norm(const Context& context, const GradientNorm& args) {
  const std::int64_t blocks = args.blocks.shape.elements(), chunks = ceil_div(blocks, kChunkBlocks);
  const std::int64_t segments = args.decay.shape.elements();
  const engine::Scratch part_scratch(context, static_cast<std::size_t>(chunks + segments) * sizeof(Squares));
  const engine::Scratch start_scratch(context, static_cast<std::size_t>(segments + 1) * sizeof(std::int32_t));
  Squares* parts = part_scratch.as<Squares>();
  std::int32_t* starts = start_scratch.as<std::int32_t>();
  launch(block_each(chunks, stream(context)), chunk_squares, args.gradient.as<float>(), args.value.as<float>(),
         args.blocks.as<std::int32_t>(), args.decay.as<float>(), blocks, static_cast<int>(segments), parts, starts);
  launch({dim3(1), dim3(kTotalThreads), stream(context)}, total_squares,
         Totals{.parts = parts,
                .starts = blocks > 0 ? starts : nullptr,
                .penalty = args.penalty.as<float>(),
                .loss = args.loss.as<float>(),
                .norms = args.norms.as<float>(),
                .segment_norms = args.segment_norms.as<float>(),
                .status = args.status.as<std::int32_t>(),
                .segments = static_cast<int>(segments)});
}

}  // namespace kernels::cuda
