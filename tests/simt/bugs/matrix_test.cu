#include "tests/simt/bugs/catching.h"
#include "tests/simt/bugs/matrix_kernels.h"

using kernels::cuda::kThreads;
using kernels::cuda::Launch;
using tests::complaint;
using tests::copies_in_background;
using tests::DeviceArray;
using tests::expect_caught;
using tests::product;
using tests::ramp;
using tests::Seen;

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
