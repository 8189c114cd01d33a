#include <bit>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/linear_evaluation.h"

namespace kernels::cuda {
namespace {

/// A candidate as one sortable number: a larger key is nearer, and of equal similarities the lower index has the larger
/// key. NaN of either sign gives the largest keys. 0 means no candidate.
using Key = unsigned long long;

__device__ Key key_of(float similarity, std::int64_t index) {
  if (similarity != similarity) return Key{0xffffffffu} << 32 | static_cast<std::uint32_t>(~index);
  const auto bits = std::bit_cast<std::uint32_t>(similarity + 0.0f);  // makes -0 and 0 equal
  const std::uint32_t ordered = bits >> 31 ? ~bits : bits | 0x80000000u;
  return Key{ordered} << 32 | static_cast<std::uint32_t>(~index);
}
__device__ float similarity_of(Key key) {
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  return std::bit_cast<float>(ordered >> 31 ? ordered & 0x7fffffffu : ~ordered);
}
__device__ std::uint32_t index_of(Key key) { return ~static_cast<std::uint32_t>(key); }

/// Sorts a block's keys in descending order: a bitonic network, count a power of two. All threads of the block must
/// call it.
__device__ void sort(Key* keys, int count) {
  for (int run = 2; run <= count; run *= 2) {
    for (int distance = run / 2; distance > 0; distance /= 2) {
      __syncthreads();
      for (int i = static_cast<int>(threadIdx.x); i < count / 2; i += kThreads) {
        const int a = 2 * i - (i & (distance - 1)), b = a + distance;
        const bool descending = (a & run) == 0;
        const Key first = keys[a], second = keys[b];
        if ((first < second) != descending) continue;
        keys[a] = second;
        keys[b] = first;
      }
    }
  }
  __syncthreads();
}

/// Appends the lanes' keys that are larger than `least`, in any order. All lanes must call it.
__device__ void append(Key* keys, int* held, Key key, Key least) {
  const unsigned passing = __ballot_sync(kAllLanes, key > least);
  if (passing == 0) return;
  int place = 0;
  if (lane_in_warp() == 0) place = atomicAdd(held, __popc(passing));
  place = __shfl_sync(kAllLanes, place, 0) + __popc(passing & ((1u << lane_in_warp()) - 1));
  if (key > least) keys[place] = key;
}

struct Best {
  double votes;
  int label;

  /// Takes `other` if it has more votes, or equally many votes and a smaller label.
  __device__ void meet(const Best& other) {
    const bool first = other.votes == votes && other.label < label;
    if (other.votes > votes || first) *this = other;
  }
};

/// The block's best, the same in every thread. All threads of the block must call it.
__device__ Best best_of_block(Best best) {
  __shared__ Best of_warp[kThreads / kWarp];
#pragma unroll
  for (int bits = kWarp / 2; bits > 0; bits /= 2) {
    best.meet({__shfl_xor_sync(kAllLanes, best.votes, bits), __shfl_xor_sync(kAllLanes, best.label, bits)});
  }
  if (lane_in_warp() == 0) of_warp[threadIdx.x / kWarp] = best;
  __syncthreads();
  for (const Best& other : of_warp) best.meet(other);
  return best;
}

struct Ballot {
  const float* similarities;
  const std::int32_t* labels;
  std::int32_t* predicted;
  std::int64_t candidates;
  int k, classes, capacity, k_capacity;  // capacity of the key buffer; k rounded up to a power of two
  float temperature;
};

constexpr int kPerThread = 4, kTile = kPerThread * kThreads;  // similarities that a block reads per iteration

// One block per query reads the query's similarities once. Those above the k-th best so far are appended to a buffer in
// shared memory; when the next tile might not fit, the buffer is sorted and cut to the k best. In random order about k
// ln(N / k) of N pass, so a row needs a few sorts; in ascending order it needs one sort per tile.
__global__ void __launch_bounds__(kThreads) vote(Ballot args) {
  Key* keys = dynamic_shared<Key>();
  __shared__ int held;
  const int thread = static_cast<int>(threadIdx.x);
  const float* row = args.similarities + static_cast<std::int64_t>(blockIdx.x) * args.candidates;
  const auto sort_from = [&](int count, int size) {  // clears keys[count..size), then sorts
    for (int i = count + thread; i < size; i += kThreads) keys[i] = 0;
    sort(keys, size);
  };
  if (thread == 0) held = 0;
  Key least = 0;
  for (std::int64_t begin = 0; begin < args.candidates; begin += kTile) {
    __syncthreads();
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
      const std::int64_t i = begin + j * kThreads + thread;
      append(keys, &held, i < args.candidates ? key_of(row[i], i) : 0, least);
    }
    __syncthreads();
    const int count = held;
    if (count + kTile <= args.capacity) continue;
    sort_from(count, args.capacity);
    least = keys[args.k - 1];
    if (thread == 0) held = args.k;
  }
  __syncthreads();
  sort_from(held, args.capacity);

  const float top = similarity_of(keys[0]);
  __syncthreads();
  for (int i = thread; i < args.k; i += kThreads) keys[i] = keys[i] << 32 | keys[i] >> 32;
  sort_from(args.k, args.k_capacity);  // sorted by index now, so that the order of summation is fixed
  for (int i = thread; i < args.k; i += kThreads) {
    const Key key = keys[i] << 32 | keys[i] >> 32;
    const float weight = expf((similarity_of(key) - top) / args.temperature);
    keys[i] = Key{std::bit_cast<std::uint32_t>(weight)} << 32 | static_cast<std::uint32_t>(args.labels[index_of(key)]);
  }
  __syncthreads();
  Best best{-1, 0};
  for (int label = thread; label < args.classes; label += kThreads) {
    double votes = 0;
    for (int i = 0; i < args.k; ++i) {
      const auto weight = std::bit_cast<float>(static_cast<std::uint32_t>(keys[i] >> 32));
      if (static_cast<int>(keys[i] & 0xffffffffu) == label) votes += weight;
    }
    best.meet({votes, label});
  }
  best = best_of_block(best);
  if (thread == 0) args.predicted[blockIdx.x] = top == top ? best.label : -1;
}

}  // namespace

void knn_vote(const Context& context, const KnnVote& args) {
  const std::int64_t queries = args.similarities.shape[0], candidates = args.similarities.shape[1];
  const std::int64_t k = std::min<std::int64_t>(args.k, candidates);
  constexpr std::int64_t kMostKeys = 16384;  // 128 KiB
  EXPECTS(k <= kMostKeys - kTile, "knn_vote: the CUDA kernel takes up to ", kMostKeys - kTile,
          " neighbours, got k = ", args.k);
  const auto power_of_two = [](std::int64_t count) {
    return static_cast<int>(std::bit_ceil(static_cast<std::uint64_t>(count)));
  };
  const Ballot ballot{.similarities = args.similarities.as<float>(),
                      .labels = args.labels.as<std::int32_t>(),
                      .predicted = args.predicted.as<std::int32_t>(),
                      .candidates = candidates,
                      .k = static_cast<int>(k),
                      .classes = args.classes,
                      .capacity = power_of_two(k + kTile),
                      .k_capacity = power_of_two(k),
                      .temperature = args.temperature};
  Launch how = block_each(queries, stream(context));
  how.shared_bytes = static_cast<std::size_t>(ballot.capacity) * sizeof(Key);
  launch(how, vote, ballot);
}

}  // namespace kernels::cuda
