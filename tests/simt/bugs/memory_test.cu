#include "tests/simt/bugs/catching.h"

using kernels::cuda::dynamic_shared;
using kernels::cuda::kThreads;
using kernels::cuda::Launch;
using tests::complaint;
using tests::DeviceArray;
using tests::expect_caught;
using tests::ramp;
using tests::Seen;

namespace {

// 1: no barrier between write and read. 2: none between read and write. 3: writes one past the end. 4: one element is
// never written.
template <int kBug>
__global__ void neighbour(const float* in, float* out) {
  __shared__ float s[kThreads];
  __shared__ float after[4];
  const int t = static_cast<int>(threadIdx.x);
  if (t < 4) after[t] = 0;
  if (!(kBug == 4 && t == 17)) s[t + (kBug == 3 && t == kThreads - 1)] = in[t];
  if constexpr (kBug != 1) __syncthreads();
  const float left = s[(t + kThreads - 1) % kThreads];
  if constexpr (kBug != 2) __syncthreads();
  s[t] = left * 2;
  __syncthreads();
  out[t] = s[(t + 5) % kThreads] + after[t % 4];
}

// 1: writes one past the end. 2: reads before the start. 3: reads far beyond.
template <int kBug>
__global__ void mirror(const float* in, float* out) {
  float* s = dynamic_shared<float>();
  const int t = static_cast<int>(threadIdx.x);
  s[kBug == 1 ? t + 1 : t] = in[t];
  __syncthreads();
  out[t] = s[kBug == 2 && t == 0 ? -1 : kThreads - 1 - t] + (kBug == 3 && t == 9 ? s[40000] : 0);
}

// 1: writes out of bounds. 2: blocks race, but every order gives the same sum. 3: blocks race, and the last one wins.
// 4: reads what other threads and blocks write.
template <int kBug>
__global__ void global_memory(const float* in, float* out, float* sum, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (kBug == 1 || i < count) out[i] = i < count ? in[i] : 0;
  if constexpr (kBug == 2) {
    if (threadIdx.x == 0) *sum += 1;
  } else if constexpr (kBug == 3) {
    if (threadIdx.x == 0) *sum = static_cast<float>(blockIdx.x);
  } else {
    atomicAdd(sum, 1.0f);
  }
  if (kBug == 4 && i < count) out[i] += out[(i + 1) % count];
}

// 1: lost updates, which no schedule of fibers shows. 2: a plain read next to atomics.
template <int kBug>
__global__ void counter(int* out) {
  __shared__ int count;
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  if constexpr (kBug == 1) {
    count = count + 1;
  } else {
    atomicAdd(&count, 1);
    if (kBug == 2 && threadIdx.x == 7) *out = count;
  }
  __syncthreads();
  if (threadIdx.x == 0) *out = count;
}

// 1: a float4 that is not aligned. 2: overruns a local array. 3: divides an integer by zero.
template <int kBug>
__global__ void vectors(const float* in, float* out) {
  const int t = static_cast<int>(threadIdx.x);
  const float* from = kBug == 1 ? in + 1 : in;
  const float4 v = t < kThreads / 4 - 1 ? *reinterpret_cast<const float4*>(from + 4 * t) : float4{};
  const float lanes[4] = {v.x, v.y, v.z, v.w};
  constexpr int kLanes = kBug == 2 ? 5 : 4;
  float sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += lanes[(i * 3 + t) % kLanes];
  out[t] = sum / (kBug == 3 ? static_cast<float>(7 / (t - 5)) : 1.0f);
}

struct Large {
  float values[12];
};

// 1: no barrier; seen although the copies compile to memcpy. 2: memcpy out of bounds.
template <int kBug>
__global__ void structs(const float* in, float* out) {
  __shared__ __align__(16) Large s[64];
  const int t = static_cast<int>(threadIdx.x);
  Large own;
  for (int i = 0; i < 12; ++i) own.values[i] = in[t] * static_cast<float>(i);
  s[t] = own;
  if constexpr (kBug != 1) __syncthreads();
  Large other;
  if constexpr (kBug == 2) {
    memcpy(&other, &s[64 - t], sizeof other);
  } else {
    other = s[63 - t];
  }
  out[t] = other.values[3] + other.values[11];
}

const Launch kOneBlock{dim3(1), dim3(kThreads)}, kTwoBlocks{dim3(2), dim3(128)},
    kDynamic{dim3(1), dim3(kThreads), nullptr, kThreads * sizeof(float)}, kSmallBlock{dim3(1), dim3(64)};

}  // namespace

TEST_CASE("planted bugs: static shared memory") {
  const DeviceArray<float> in(ramp(kThreads)), out(kThreads);
  CHECK(complaint(neighbour<0>, kOneBlock, in.data(), out.data()) == "");
  const auto run = [&](auto* kernel) { return complaint(kernel, kOneBlock, in.data(), out.data()); };
  expect_caught(run(neighbour<1>), "race: block 0 thread 1 reads __shared__", Seen::by_both_builds);
  expect_caught(run(neighbour<2>), "race: block 0", Seen::by_both_builds);
  expect_caught(run(neighbour<3>), "array index 256 out of bounds in memory_test.cu:", Seen::by_both_builds);
  expect_caught(run(neighbour<4>), "uninitialised: block 0 thread 18 reads __shared__", Seen::by_check_build);
}

TEST_CASE("planted bugs: dynamic shared memory") {
  const DeviceArray<float> in(ramp(kThreads)), out(kThreads);
  CHECK(complaint(mirror<0>, kDynamic, in.data(), out.data()) == "");
  const auto run = [&](auto* kernel) { return complaint(kernel, kDynamic, in.data(), out.data()); };
  expect_caught(run(mirror<1>), "out of bounds: block 0 thread 255 writes 4 bytes at dynamic shared byte 1024 of 1024",
                Seen::by_both_builds);
  expect_caught(run(mirror<2>), "reads 4 bytes at dynamic shared byte -4 of 1024", Seen::by_check_build);
  expect_caught(run(mirror<3>), "out of bounds: block 0 thread 9 reads 4 bytes", Seen::by_check_build);
}

TEST_CASE("planted bugs: global memory") {
  constexpr int kCount = 250;
  const DeviceArray<float> in(ramp(kThreads)), out(kCount), sum(std::vector<float>{0});
  const auto run = [&](auto* kernel) {
    return complaint(kernel, kTwoBlocks, in.data(), out.data(), sum.data(), kCount);
  };
  CHECK(run(global_memory<0>) == "");
  CHECK(sum.to_host()[0] == 256);
  expect_caught(run(global_memory<1>), "writes 4 bytes at global allocation of 1000 bytes, byte 1000",
                Seen::by_both_builds);
  expect_caught(run(global_memory<2>), "race: block 1 thread 0 reads global", Seen::by_check_build);
  expect_caught(run(global_memory<3>), "race: block 1 thread 0 writes global", Seen::by_both_builds);
  expect_caught(run(global_memory<4>), "race: block 0 thread 1 writes global", Seen::by_both_builds);
}

TEST_CASE("planted bugs: memory that is not the device's, or not written yet") {
  const DeviceArray<float> in(ramp(kThreads)), out(kThreads), unwritten(kThreads);
  const std::vector<float> host = ramp(kThreads);
  expect_caught(complaint(neighbour<0>, kOneBlock, host.data(), out.data()), "no device memory", Seen::by_check_build);
  expect_caught(complaint(neighbour<0>, kOneBlock, unwritten.data(), out.data()),
                "uninitialised: block 0 thread 0 reads global allocation of 1024 bytes", Seen::by_check_build);
  const float* freed = DeviceArray<float>(ramp(kThreads)).data();
  expect_caught(complaint(neighbour<0>, kOneBlock, freed, out.data()), "(freed)", Seen::by_check_build);
  CHECK_THROWS_WITH_AS(simt::launch(simt::stream(nullptr), neighbour<0>, dim3(1), dim3(2048), 0, in.data(), out.data()),
                       doctest::Contains("invalid block size"), simt::Error);
  CHECK_THROWS_WITH_AS(simt::launch(simt::stream(nullptr), neighbour<0>, dim3(0), dim3(64), 0, in.data(), out.data()),
                       doctest::Contains("invalid grid size"), simt::Error);
  CHECK_THROWS_WITH_AS(
      simt::launch(simt::stream(nullptr), neighbour<0>, dim3(1), dim3(64), 1 << 20, in.data(), out.data()),
      doctest::Contains("too much shared memory"), simt::Error);
  const std::size_t beside_its_own = simt::options().largest_shared_bytes - (kThreads + 4) * sizeof(float);
  CHECK_NOTHROW(simt::launch(simt::stream(nullptr), neighbour<0>, dim3(1), dim3(kThreads), beside_its_own, in.data(),
                             out.data()));
  CHECK_THROWS_WITH_AS(
      simt::launch(simt::stream(nullptr), neighbour<0>, dim3(1), dim3(64), beside_its_own + 1, in.data(), out.data()),
      doctest::Contains("too much shared memory"), simt::Error);
  std::vector<float> more(kThreads + 1);
  CHECK_THROWS_WITH_AS(cudaMemcpyAsync(more.data(), in.data(), more.size() * 4, cudaMemcpyDeviceToHost, nullptr),
                       doctest::Contains("host copy out of bounds: 1028 bytes"), simt::Error);
}

TEST_CASE("planted bugs: counters without atomics") {
  const DeviceArray<int> out(1);
  CHECK(complaint(counter<0>, kOneBlock, out.data()) == "");
  CHECK(out.to_host()[0] == kThreads);
  expect_caught(complaint(counter<1>, kOneBlock, out.data()), "race: block 0 thread 1", Seen::by_check_build);
  expect_caught(complaint(counter<2>, kOneBlock, out.data()), "unordered with the read by thread 7",
                Seen::by_check_build);
}

TEST_CASE("planted bugs: alignment, local arrays, division") {
  const DeviceArray<float> in(ramp(kThreads)), out(kThreads);
  const auto run = [&](auto* kernel) { return complaint(kernel, kOneBlock, in.data(), out.data()); };
  CHECK(run(vectors<0>) == "");
  expect_caught(run(vectors<1>), "misaligned access in memory_test.cu:", Seen::by_check_build);
  expect_caught(run(vectors<2>), "array index 4 out of bounds", Seen::by_check_build);
  expect_caught(run(vectors<3>), "block 0 thread 5, address", Seen::by_both_builds);
}

TEST_CASE("planted bugs: copies of whole structs") {
  const DeviceArray<float> in(ramp(kThreads)), out(kThreads);
  const auto run = [&](auto* kernel) { return complaint(kernel, kSmallBlock, in.data(), out.data()); };
  CHECK(run(structs<0>) == "");
  expect_caught(run(structs<1>), "race: block 0", Seen::by_both_builds);
  expect_caught(run(structs<2>), "out of bounds: block 0 thread 0 reads", Seen::by_check_build);
}
