#pragma once
#include "kernels/cuda/mma.h"
#include "kernels/cuda/wide_access.h"

/// A thread block's products of kRows anchors with kColumns candidates, and sums of the candidates weighted by
/// functions of these products. Two implementations share one interface: ExactTile multiplies in f32, TensorTile on
/// tensor cores in bf16 with f32 sums. Vectors are in shared memory, in chunks of kDepth elements with stride kStride.
///
/// Each thread holds kThreadRows x kThreadColumns products, at(r, c), of the block's row(r) and column(c); kRowLanes
/// adjacent lanes share a row.
/// neighbouring lanes share a row.
namespace kernels::cuda {

template <int kChunk>
struct ExactTile {
  using Element = float;
  static constexpr int kRows = 64, kColumns = 64, kDepth = kChunk;
  static constexpr int kStride = kDepth + 4;  // no bank conflicts when eight lanes read 16 bytes of eight vectors
  static constexpr int kStages = 1;           // the multiprocessor's other block hides the latency
  static constexpr int kThreadRows = 4, kThreadColumns = 4, kRowLanes = 16;

  struct Shared {
    float weights[kRows][kColumns + 4];
  };

  float products[kThreadRows][kThreadColumns];
  const float* rows;

  static __device__ int lane_of_row() { return static_cast<int>(threadIdx.x) % kRowLanes; }
  static __device__ int row(int r) { return static_cast<int>(threadIdx.x) / kRowLanes + kRows / kThreadRows * r; }
  static __device__ int column(int c) { return lane_of_row() + kRowLanes * c; }
  __device__ float& at(int r, int c) { return products[r][c]; }

  __device__ void take_rows(const float* from) { rows = from; }

  /// products += rows . columns over this chunk.
  __device__ void multiply(const float* columns) {
#pragma unroll 1
    for (int k = 0; k < kDepth; k += 4) {
      Lanes<float, 4> candidate[kThreadColumns];
#pragma unroll
      for (int c = 0; c < kThreadColumns; ++c) candidate[c] = load<4>(columns + column(c) * kStride + k);
#pragma unroll
      for (int r = 0; r < kThreadRows; ++r) {
        const auto anchor = load<4>(rows + row(r) * kStride + k);
#pragma unroll
        for (int c = 0; c < kThreadColumns; ++c) {
#pragma unroll
          for (int i = 0; i < 4; ++i) products[r][c] += anchor.lane[i] * candidate[c].lane[i];
        }
      }
    }
  }

  /// The sum over candidates of weights times candidates, for the current chunk; `products` then holds the weights.
  struct WeightedSum {
    static constexpr int kBlocks = 2;                         // per multiprocessor, limited by registers
    static constexpr int kGroups = kDepth / (4 * kRowLanes);  // groups of 4 elements per thread
    float sums[kThreadRows][kGroups][4] = {};

    __device__ void add(ExactTile& tile, const float* columns, Shared& shared) {
      // A row's weights are written and read by the same 16 lanes: __syncwarp suffices.
#pragma unroll
      for (int r = 0; r < kThreadRows; ++r) {
#pragma unroll
        for (int c = 0; c < kThreadColumns; ++c) shared.weights[row(r)][column(c)] = tile.at(r, c);
      }
      __syncwarp();
#pragma unroll 1
      for (int k = 0; k < kColumns; k += 4) {
        Lanes<float, 4> weight[kThreadRows];
#pragma unroll
        for (int r = 0; r < kThreadRows; ++r) weight[r] = load<4>(&shared.weights[row(r)][k]);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
          for (int g = 0; g < kGroups; ++g) {
            const auto candidate = load<4>(columns + (k + i) * kStride + element(g));
#pragma unroll
            for (int r = 0; r < kThreadRows; ++r) {
#pragma unroll
              for (int j = 0; j < 4; ++j) sums[r][g][j] += weight[r].lane[i] * candidate.lane[j];
            }
          }
        }
      }
      __syncwarp();
    }

    /// to[row][element] = sums
    __device__ void store_to(float* to, std::int64_t stride) const {
#pragma unroll
      for (int r = 0; r < kThreadRows; ++r) {
#pragma unroll
        for (int g = 0; g < kGroups; ++g) {
          const float(&sum)[4] = sums[r][g];
          store(to + row(r) * stride + element(g), Lanes<float, 4>{{sum[0], sum[1], sum[2], sum[3]}});
        }
      }
    }

    static __device__ int element(int group) { return 4 * (kRowLanes * group + lane_of_row()); }
  };
};

/// The fragments of mma_m16n8k16 (PTX ISA), 16 rows per warp: lane l holds rows l/4 and l/4 + 8, and columns 2 (l%4)
/// and 2 (l%4) + 1 of every 8.
template <int kChunk>
struct TensorTile {
  using Element = bf16;
  static constexpr int kRows = 128, kColumns = 64, kDepth = kChunk;
  static constexpr int kStride = kDepth + 8;  // the eight vectors of a matrix start in different banks
  static constexpr int kStages = 2;
  static constexpr int kThreadRows = 2, kThreadColumns = kColumns / 4, kRowLanes = 4;

  struct Shared {};

  float products[kColumns / 8][4];
  std::uint32_t anchors[kDepth / 16][4];

  static __device__ int lane_of_row() { return lane_in_warp() % kRowLanes; }
  static __device__ int first_row() { return static_cast<int>(threadIdx.x) / kWarp * 16; }
  static __device__ int row(int r) { return first_row() + lane_in_warp() / kRowLanes + 8 * r; }
  static __device__ int column(int c) { return c / 2 * 8 + 2 * lane_of_row() + c % 2; }
  __device__ float& at(int r, int c) { return products[c / 2][2 * r + c % 2]; }

  __device__ void take_rows(const bf16* rows) {
    const int lane = lane_in_warp();
    const bf16* from = rows + (first_row() + lane % 16) * kStride + lane / 16 * 8;
#pragma unroll
    for (int k = 0; k < kDepth / 16; ++k) ldmatrix_x4<false>(anchors[k], from + 16 * k);
  }

  __device__ void multiply(const bf16* columns) {
    const int lane = lane_in_warp();
    const bf16* from = columns + (lane / 16 * 8 + lane % 8) * kStride + lane / 8 % 2 * 8;
#pragma unroll
    for (int k = 0; k < kDepth / 16; ++k) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; j += 2) {
        std::uint32_t b[4];
        ldmatrix_x4<false>(b, from + 8 * j * kStride + 16 * k);
        mma_m16n8k16(products[j], anchors[k], {b[0], b[1]}, products[j]);
        mma_m16n8k16(products[j + 1], anchors[k], {b[2], b[3]}, products[j + 1]);
      }
    }
  }

  struct WeightedSum {
    static constexpr int kBlocks = 1;
    float sums[kDepth / 8][4] = {};

    /// The weights, rounded to bf16, already have the layout of the first operand: a lane's two adjacent products are
    /// one register of its fragment.
    __device__ void add(TensorTile& tile, const bf16* columns, Shared&) {
      const int lane = lane_in_warp();
      const bf16* from = columns + lane % 16 * kStride + lane / 16 * 8;
#pragma unroll
      for (int k = 0; k < kColumns / 16; ++k) {
        const float(&left)[4] = tile.products[2 * k], (&right)[4] = tile.products[2 * k + 1];
        const std::uint32_t weights[4] = {bf16_pair(left[0], left[1]), bf16_pair(left[2], left[3]),
                                          bf16_pair(right[0], right[1]), bf16_pair(right[2], right[3])};
#pragma unroll
        for (int j = 0; j < kDepth / 8; j += 2) {
          std::uint32_t b[4];
          ldmatrix_x4<true>(b, from + 16 * k * kStride + 8 * j);
          mma_m16n8k16(sums[j], weights, {b[0], b[1]}, sums[j]);
          mma_m16n8k16(sums[j + 1], weights, {b[2], b[3]}, sums[j + 1]);
        }
      }
    }

    __device__ void store_to(float* to, std::int64_t stride) const {
#pragma unroll
      for (int r = 0; r < kThreadRows; ++r) {
#pragma unroll
        for (int j = 0; j < kDepth / 8; ++j) {
          const Lanes<float, 2> pair{{sums[j][2 * r], sums[j][2 * r + 1]}};
          store(to + row(r) * stride + 8 * j + 2 * lane_of_row(), pair);
        }
      }
    }
  };
};

}  // namespace kernels::cuda
