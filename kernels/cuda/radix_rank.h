#pragma once
#include <bit>
#include <cstdint>

#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/launch.h"

/// Radix sorts from the lowest digit, stable: one pass moves a block's keys to the places that their digits give them.
namespace kernels::cuda {

// The interpreter, which is slow, has smaller blocks.
#if defined(SIMT_INTERPRETER)
inline constexpr int kSortThreads = 64;
#else
inline constexpr int kSortThreads = 1024;
#endif
inline constexpr int kSortWarps = kSortThreads / kWarp;
inline constexpr int kDigitBits = 8, kDigits = 1 << kDigitBits, kPasses = 32 / kDigitBits;

/// The bits of x as an unsigned number that ascends with x; -0 becomes +0. A NaN is beyond all numbers on one side.
__device__ inline std::uint32_t ordered(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
__device__ inline float unordered(std::uint32_t key) {
  return std::bit_cast<float>(key >> 31 ? key & 0x7fffffffu : ~key);
}
/// The key of a place that no number has: it comes after all keys.
inline constexpr std::uint32_t kNoKey = 0xffffffffu;

__device__ inline unsigned digit_of(std::uint32_t key, int pass) { return key >> (kDigitBits * pass) & (kDigits - 1); }

/// The position of a thread's item i in the block: of each warp first all lanes' first items, then the second ones.
template <int kItems>
__device__ inline int position_of(int i) {
  return (static_cast<int>(threadIdx.x) / kWarp * kItems + i) * kWarp + lane_in_warp();
}

/// Where a thread's items go in the block: numbers of 16 bits, two per register.
template <int kItems>
class Places {
 public:
  __device__ unsigned operator[](int i) const { return words_[i / 2] >> (i % 2 * 16) & 0xffffu; }
  /// For one item after the other.
  __device__ void set(int i, unsigned place) { words_[i / 2] = i % 2 == 0 ? place : words_[i / 2] | place << 16; }
  __device__ void add(int i, unsigned more) { words_[i / 2] += more << (i % 2 * 16); }

 private:
  unsigned words_[(kItems + 1) / 2];
};

struct RankMemory {
  std::uint16_t counts[kSortWarps][kDigits];  // of each warp's keys; then how many are in the warps before
  unsigned begins[kDigits];                   // the place of each digit's first key
};

/// places[i] = the place of keys[i] after a stable sort of the block's keys by one digit. All threads of the block must
/// call it. Barriers are between its first and its last access to memory, but not before and after these.
template <int kItems>
__device__ void rank_by_digit(RankMemory& memory, const std::uint32_t (&keys)[kItems], int pass,
                              Places<kItems>& places) {
  const int lane = lane_in_warp(), thread = static_cast<int>(threadIdx.x), warp = thread / kWarp;
  std::uint16_t* counts = memory.counts[warp];
  for (int digit = lane; digit < kDigits; digit += kWarp) counts[digit] = 0;
  __syncwarp();
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const unsigned digit = digit_of(keys[i], pass);
    unsigned peers = kAllLanes;  // the lanes with the same digit
#pragma unroll
    for (int bit = 0; bit < kDigitBits; ++bit) {
      const bool set = (digit >> bit & 1u) != 0;
      const unsigned votes = __ballot_sync(kAllLanes, set);
      peers &= set ? votes : ~votes;
    }
    const unsigned before = counts[digit], earlier = peers & ((1u << lane) - 1);
    places.set(i, before + static_cast<unsigned>(__popc(earlier)));
    __syncwarp();
    if (earlier == 0) counts[digit] = static_cast<std::uint16_t>(before + static_cast<unsigned>(__popc(peers)));
    __syncwarp();
  }
  __syncthreads();
  for (int digit = thread; digit < kDigits; digit += kSortThreads) {
    unsigned sum = 0;
#pragma unroll
    for (int w = 0; w < kSortWarps; ++w) {
      const unsigned count = memory.counts[w][digit];
      memory.counts[w][digit] = static_cast<std::uint16_t>(sum);
      sum += count;
    }
    memory.begins[digit] = sum;
  }
  __syncthreads();
  if (warp == 0) {
    constexpr int kEach = kDigits / kWarp;
    unsigned* own = memory.begins + lane * kEach;
    unsigned sum = 0;
#pragma unroll
    for (int j = 0; j < kEach; ++j) sum += own[j];
    unsigned through = sum;  // including those of lower lanes
#pragma unroll
    for (int below = 1; below < kWarp; below *= 2) {
      const unsigned other = __shfl_up_sync(kAllLanes, through, below);
      if (lane >= below) through += other;
    }
    unsigned begin = through - sum;
#pragma unroll
    for (int j = 0; j < kEach; ++j) {
      const unsigned count = own[j];
      own[j] = begin;
      begin += count;
    }
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const unsigned digit = digit_of(keys[i], pass);
    places.add(i, memory.begins[digit] + counts[digit]);
  }
}

}  // namespace kernels::cuda
