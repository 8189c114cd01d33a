#include "tests/simt/bugs/catching.h"

using kernels::cuda::kThreads;
using kernels::cuda::Launch;
using tests::complaint;
using tests::DeviceArray;
using tests::expect_caught;
using tests::ramp;
using tests::Seen;

namespace {

// 1: returns before a barrier. 2: a barrier under a condition. 3: barriers at different lines in the two branches. 4: a
// barrier per loop iteration, with different numbers of iterations.
template <int kBug>
__global__ void barriers(const float* in, float* out, int count) {
  __shared__ float s[kThreads];
  const int t = static_cast<int>(threadIdx.x);
  if (kBug == 1 && t >= count) return;
  s[t] = in[t];
  if constexpr (kBug == 2) {
    if (t < 100) __syncthreads();
  } else if constexpr (kBug == 3) {
    if (t < 128) {
      s[t] += 1;
      __syncthreads();
    } else {
      __syncthreads();
    }
  } else if constexpr (kBug == 4) {
    for (int i = 0; i < (t == 0 ? 3 : 4); ++i) __syncthreads();
  } else {
    __syncthreads();
  }
  out[t] = s[t ^ 1];
}

// 1: assumes that a warp runs in lockstep. 2: half of the lanes in the mask are missing. 3: reads lanes outside the
// mask. 4: two shuffles with one mask.
template <int kBug>
__global__ void warps(const float* in, float* out) {
  __shared__ float s[kThreads];
  const int t = static_cast<int>(threadIdx.x), lane = t % 32;
  float v = in[t];
  s[t] = v;
  if constexpr (kBug != 1) __syncwarp();
  const float other = s[t ^ 1];
  if constexpr (kBug == 2) {
    if (lane < 16) v += __shfl_xor_sync(0xffffffffu, v, 1);
  } else if constexpr (kBug == 3) {
    if (lane < 16) v += __shfl_xor_sync(0x0000ffffu, v, 16);
  } else if constexpr (kBug == 4) {
    if ((lane & 1) != 0) {
      v += __shfl_xor_sync(0xffffffffu, v, 2);
    } else {
      v += __shfl_xor_sync(0xffffffffu, v, 4);
    }
  } else {
    v += __shfl_xor_sync(0xffffffffu, v, 1);
  }
  out[t] = v + other;
}

// 1: the last block adds partial sums that the other blocks have not published.
template <int kBug>
__global__ void last_block(const float* in, float* partial, unsigned* ticket, float* out) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = in[blockIdx.x];
    if constexpr (kBug != 1) __threadfence();
    last = atomicAdd(ticket, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    float sum = 0;
    for (unsigned i = 0; i < gridDim.x; ++i) sum += partial[i];
    *out = sum;
  }
}

__global__ void wait_for_each_other(int* out) {
  __shared__ int flag;
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  if (threadIdx.x == 0) {
    while (atomicAdd(&flag, 0) == 0) __nanosleep(20);
  }
  if (threadIdx.x == 33) atomicExch(&flag, 1);
  __syncthreads();
  if (threadIdx.x == 0) *out = 1;
}

const Launch kOneBlock{dim3(1), dim3(kThreads)}, kFiveBlocks{dim3(5), dim3(32)};

}  // namespace

TEST_CASE("planted bugs: barriers that not all threads reach") {
  const DeviceArray<float> in(ramp(kThreads)), out(kThreads);
  const auto run = [&](auto* kernel) { return complaint(kernel, kOneBlock, in.data(), out.data(), 200); };
  CHECK(run(barriers<0>) == "");
  expect_caught(run(barriers<1>), "threads 200-255 (56) returned from the kernel", Seen::by_both_builds);
  expect_caught(run(barriers<2>), "__syncthreads not reached by all threads in block 0", Seen::by_both_builds);
  expect_caught(run(barriers<3>), "threads meet at different source lines", Seen::by_both_builds);
  expect_caught(run(barriers<4>),
                "threads 1-255 (255) wait at the barrier in synchronisation_test.cu:", Seen::by_both_builds);
}

TEST_CASE("planted bugs: warps") {
  const DeviceArray<float> in(ramp(kThreads)), out(kThreads);
  const auto run = [&](auto* kernel) { return complaint(kernel, kOneBlock, in.data(), out.data()); };
  CHECK(run(warps<0>) == "");
  expect_caught(run(warps<1>), "race: block 0 thread 1 writes __shared__", Seen::by_both_builds);
  expect_caught(run(warps<2>), "warp collective names lanes that returned", Seen::by_both_builds);
  expect_caught(run(warps<3>), "__shfl_sync reads a lane that does not take part", Seen::by_both_builds);
  expect_caught(run(warps<4>), "lanes of one mask meet at different operations", Seen::by_both_builds);
}

TEST_CASE("planted bugs: a result handed from block to block") {
  const DeviceArray<float> in(ramp(5)), partial(5), out(1);
  const DeviceArray<unsigned> ticket(1);
  const auto run = [&](auto* kernel) {
    ticket.fill_zero();
    return complaint(kernel, kFiveBlocks, in.data(), partial.data(), ticket.data(), out.data());
  };
  CHECK(run(last_block<0>) == "");
  CHECK(out.to_host()[0] == 10);
  expect_caught(run(last_block<1>), "unordered with the write by block 0 thread 0", Seen::by_check_build);
}

TEST_CASE("a thread may wait for another of its block, if it sleeps") {
  const DeviceArray<int> out(1);
  CHECK(complaint(wait_for_each_other, kOneBlock, out.data()) == "");
  CHECK(out.to_host()[0] == 1);
}
