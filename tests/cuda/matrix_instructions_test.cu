// The interpreter's layouts of mma, ldmatrix and cp.async are those of the hardware: the same kernels run on both.
#include <doctest/doctest.h>

#include "tests/simt/bugs/matrix_kernels.h"
#include "tests/simt/device_array.h"

using kernels::cuda::kThreads;
using tests::DeviceArray;

TEST_CASE("cuda matrix instructions: d = a b^T of bf16 tiles") {
  std::vector<float> values;
  std::vector<__nv_bfloat16> rounded;
  for (int i = 0; i < 256; ++i) {  // small integers, so that all sums are exact
    values.push_back(static_cast<float>(i * 7 % 13 - 6));
    rounded.push_back(__float2bfloat16(values.back()));
  }
  const DeviceArray<__nv_bfloat16> in(rounded);
  const DeviceArray<float> out(128);
  kernels::cuda::launch({dim3(1), dim3(32)}, tests::product<0>, in.data(), out.data());
  const std::vector<float> d = out.to_host();
  for (std::size_t lane = 0; lane < 32; ++lane) {
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
      float sum = 0;
      for (std::size_t k = 0; k < 16; ++k) sum += values[16 * row + k] * values[16 * column + k];
      CHECK(d[4 * lane + i] == sum);
    }
  }
}

TEST_CASE("cuda copies in the background: groups arrive in order") {
  std::vector<float> values;
  for (int i = 0; i < 2 * kThreads; ++i) values.push_back(static_cast<float>(i));
  const DeviceArray<float> in(values), out(kThreads);
  kernels::cuda::launch({dim3(1), dim3(kThreads)}, tests::copies_in_background<0>, in.data(), out.data());
  const std::vector<float> sums = out.to_host();
  for (std::size_t t = 0; t < sums.size(); ++t) CHECK(sums[t] == values[t] + values[values.size() - 1 - t]);
}
