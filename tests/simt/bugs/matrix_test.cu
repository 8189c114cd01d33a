#include "kernels/cuda/mma.h"

#include "tests/simt/bugs/catching.h"

using kernels::cuda::Launch;
using tests::complaint;
using tests::DeviceArray;
using tests::expect_caught;
using tests::kThreads;
using tests::ramp;
using tests::Seen;

namespace {

// 1: waits for too few groups. 2: the thread's own copies are done, the others' are not.
template <int kBug>
__global__ void copies_in_background(const float* in, float* out) {
  using namespace kernels::cuda;
  __shared__ __align__(16) float s[2][kThreads];
  const int t = static_cast<int>(threadIdx.x);
  if (t < kThreads / 4) copy_async16(&s[0][4 * t], in + 4 * t);
  commit_copies();
  if (t < kThreads / 4) copy_async16(&s[1][4 * t], in + kThreads + 4 * t);
  commit_copies();
  wait_for_copies<kBug == 1 ? 2 : 1>();
  if constexpr (kBug != 2) __syncthreads();
  out[t] = s[0][t];
  wait_for_copies<0>();
  __syncthreads();
  out[t] += s[1][kThreads - 1 - t];
}

// 1: reads the tile before it is complete. 2: the address of a row is not aligned. 3: one lane is missing.
template <int kBug>
__global__ void product(const __nv_bfloat16* in, float* out) {
  using namespace kernels::cuda;
  __shared__ __align__(16) __nv_bfloat16 s[16][24];
  const int t = static_cast<int>(threadIdx.x);
  for (int i = t; i < 256; i += 32) s[i / 16][i % 16] = in[i];
  if constexpr (kBug != 1) __syncwarp();
  std::uint32_t a[4], b[2];
  ldmatrix_x4(a, &s[t % 16][t / 16 * 8 + (kBug == 2 ? 4 : 0)]);
  ldmatrix_x2<false>(b, &s[t % 8][t / 8 % 2 * 8]);
  float d[4] = {};
  if (kBug != 3 || t < 31) mma_m16n8k16(d, a, b, d);
  for (int i = 0; i < 4; ++i) out[t * 4 + i] = d[i];
}

}  // namespace

TEST_CASE("planted bugs: copies in the background") {
  const Launch how{dim3(1), dim3(kThreads)};
  const DeviceArray<float> in(ramp(2 * kThreads)), out(kThreads);
  const auto run = [&](auto* kernel) { return complaint(kernel, how, in.data(), out.data()); };
  CHECK(run(copies_in_background<0>) == "");
  CHECK(out.to_host()[1] == ramp(2 * kThreads)[1] + ramp(2 * kThreads)[2 * kThreads - 2]);
  expect_caught(run(copies_in_background<1>), "uninitialised: block 0 thread 0 reads __shared__", Seen::by_both_builds);
  expect_caught(run(copies_in_background<2>), "race: block 0 thread 1 reads __shared__", Seen::by_both_builds);
}

TEST_CASE("planted bugs: matrix instructions") {
  const Launch how{dim3(1), dim3(32)};
  std::vector<__nv_bfloat16> values;
  for (const float value : ramp(256)) values.push_back(__float2bfloat16(value));
  const DeviceArray<__nv_bfloat16> in(values);
  const DeviceArray<float> out(128);
  const auto run = [&](auto* kernel) { return complaint(kernel, how, in.data(), out.data()); };
  CHECK(run(product<0>) == "");
  expect_caught(run(product<1>), "uninitialised: block 0 thread 0 reads __shared__", Seen::by_check_build);
  expect_caught(run(product<2>), "ldmatrix row address is not 16-byte aligned", Seen::by_both_builds);
  expect_caught(run(product<3>), "threads 31 (1) returned from the kernel", Seen::by_both_builds);

  // d = a b^T of the first 8 rows, by a plain loop.
  CHECK(run(product<0>) == "");
  const std::vector<float> ramps = ramp(256), d = out.to_host();
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
      float sum = 0;
      for (int k = 0; k < 16; ++k)
        sum += ramps[static_cast<std::size_t>(16 * row + k)] * ramps[static_cast<std::size_t>(16 * column + k)];
      CHECK(d[static_cast<std::size_t>(4 * lane + i)] == sum);
    }
  }
}
