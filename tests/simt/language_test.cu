// The interpreter's device language, tested against CUDA's documentation.
#include <cuda_bf16.h>
#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/cuda/launch.h"
#include "tests/simt/device_array.h"

using kernels::cuda::launch;
using kernels::cuda::Launch;
using tests::DeviceArray;

namespace {

constexpr unsigned kAll = 0xffffffffu;
constexpr int kResults = 12;

__global__ void shuffles_and_votes(const int* in, int* out) {
  const int t = static_cast<int>(threadIdx.x), v = in[t];
  int* result = out + t * kResults;
  result[0] = __shfl_sync(kAll, v, 5);
  result[1] = __shfl_sync(kAll, v, 9, 8);
  result[2] = __shfl_up_sync(kAll, v, 3);
  result[3] = __shfl_down_sync(kAll, v, 3, 16);
  result[4] = __shfl_xor_sync(kAll, v, 6);
  result[5] = static_cast<int>(__ballot_sync(kAll, v % 3 == 0));
  result[6] = __any_sync(kAll, v == 1000) + 2 * __all_sync(kAll, v >= 0);
  result[7] = static_cast<int>(__match_any_sync(kAll, v % 4));
  result[8] = __reduce_add_sync(kAll, v);
  result[9] = __reduce_min_sync(kAll, v);
  result[10] = __reduce_max_sync(kAll, v);
  result[11] = t % 32 < 16 ? __shfl_xor_sync(0x0000ffffu, v, 1) : __shfl_xor_sync(0xffff0000u, v, 2);
}

__global__ void barriers_with_predicates(int* out) {
  const int t = static_cast<int>(threadIdx.x);
  const int count = __syncthreads_count(t % 5 == 0), all = __syncthreads_and(t < 96), any = __syncthreads_or(t == 95);
  if (t == 0) out[0] = count, out[1] = all, out[2] = any;
}

__global__ void atomics(int* out, unsigned* bits) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  atomicAdd(&out[0], i);
  atomicMin(&out[1], 7 - i);
  atomicMax(&out[2], i);
  atomicOr(bits, 1u << i % 32);
  atomicCAS(&out[3], 0, 5);
}

__global__ void indices(unsigned* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  out[block * 24 + thread] = block * 100 + thread;
}

}  // namespace

TEST_CASE("device language: shuffles, votes and reductions of a warp") {
  std::vector<int> in(64);
  for (int i = 0; i < 64; ++i) in[static_cast<std::size_t>(i)] = i * i % 50 + i;
  const DeviceArray<int> device_in(in), out(64 * kResults);
  launch(Launch{dim3(1), dim3(64)}, shuffles_and_votes, device_in.data(), out.data());
  const std::vector<int> result = out.to_host();
  for (int t = 0; t < 64; ++t) {
    const int first = t / 32 * 32, lane = t % 32;
    const auto value = [&](int l) { return in[static_cast<std::size_t>(first + l)]; };
    unsigned thirds = 0, alike = 0;
    int sum = 0;
    for (int l = 0; l < 32; ++l) {
      thirds |= static_cast<unsigned>(value(l) % 3 == 0) << l;
      alike |= static_cast<unsigned>(value(l) % 4 == value(lane) % 4) << l;
      sum += value(l);
    }
    const auto [least, largest] = std::minmax_element(in.begin() + first, in.begin() + first + 32);
    const int expected[kResults] = {value(5),
                                    value(lane / 8 * 8 + 1),
                                    value(lane < 3 ? lane : lane - 3),
                                    value(lane % 16 + 3 > 15 ? lane : lane + 3),
                                    value(lane ^ 6),
                                    static_cast<int>(thirds),
                                    2,
                                    static_cast<int>(alike),
                                    sum,
                                    *least,
                                    *largest,
                                    value(lane ^ (lane < 16 ? 1 : 2))};
    for (int i = 0; i < kResults; ++i) {
      CAPTURE(t);
      CAPTURE(i);
      CHECK(result[static_cast<std::size_t>(t * kResults + i)] == expected[i]);
    }
  }
}

TEST_CASE("device language: barriers count predicates") {
  const DeviceArray<int> out(3);
  launch(Launch{dim3(1), dim3(96)}, barriers_with_predicates, out.data());
  CHECK(out.to_host() == std::vector<int>{20, 1, 1});
}

TEST_CASE("device language: atomics over all blocks") {
  const DeviceArray<int> out(std::vector<int>{0, 0, 0, 0});
  const DeviceArray<unsigned> bits(std::vector<unsigned>{0});
  launch(Launch{dim3(3), dim3(33)}, atomics, out.data(), bits.data());
  CHECK(out.to_host() == std::vector<int>{98 * 99 / 2, 7 - 98, 98, 5});
  CHECK(bits.to_host()[0] == kAll);
}

TEST_CASE("device language: blocks and grids of three dimensions") {
  const DeviceArray<unsigned> out(30 * 24);
  launch(Launch{dim3(2, 3, 5), dim3(4, 3, 2)}, indices, out.data());
  const std::vector<unsigned> result = out.to_host();
  for (unsigned i = 0; i < result.size(); ++i) CHECK(result[i] == i / 24 * 100 + i % 24);
}
