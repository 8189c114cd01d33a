#include "tests/simt/kernels/twin.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/context.h"
#include "kernels/cuda/backend.h"

namespace tests {

using engine::Dtype;

Twin::Twin(engine::Shape shape, Dtype dtype, Start start)
    : shape_(shape),
      dtype_(dtype),
      skew_bytes_(start == Start::skewed ? engine::size_of(dtype) : 0),
      host_(skew_bytes_ + size_bytes(), 0xff),
      device_(skew_bytes_ + size_bytes()) {}

Twin::Twin(engine::Shape shape, const std::vector<float>& values, Dtype dtype, Start start)
    : Twin(shape, dtype, start) {
  if (dtype == Dtype::bf16) {
    const std::vector<engine::bf16> rounded(values.begin(), values.end());
    std::memcpy(host_.data() + skew_bytes_, rounded.data(), size_bytes());
  } else {
    std::memcpy(host_.data() + skew_bytes_, values.data(), size_bytes());
  }
  upload();
}

Twin::Twin(engine::Shape shape, const std::vector<std::byte>& contents, Dtype dtype, Start start)
    : Twin(shape, dtype, start) {
  if (contents.empty()) return;
  std::memcpy(host_.data() + skew_bytes_, contents.data(), size_bytes());
  upload();
}

Twin::Twin(engine::Shape shape, const std::vector<std::int32_t>& values) : Twin(shape, Dtype::i32) {
  std::memcpy(host_.data(), values.data(), size_bytes());
  upload();
}

Twin::Twin(engine::Shape shape, const std::vector<std::int64_t>& values) : Twin(shape, Dtype::i64) {
  std::memcpy(host_.data(), values.data(), size_bytes());
  upload();
}

Twin::Twin(engine::Shape shape, const std::vector<std::uint8_t>& values) : Twin(shape, Dtype::u8) {
  std::memcpy(host_.data(), values.data(), size_bytes());
  upload();
}

Twin::Twin(engine::Shape shape, const std::vector<double>& values) : Twin(shape, Dtype::f64) {
  std::memcpy(host_.data(), values.data(), size_bytes());
  upload();
}

void Twin::upload() {
  CUDA_CHECK(cudaMemcpyAsync(device_.data(), host_.data(), host_.size(), cudaMemcpyHostToDevice, nullptr));
  CUDA_CHECK(cudaStreamSynchronize(nullptr));  // the kernels' stream does not wait for this one
}

std::size_t Twin::size_bytes() const { return static_cast<std::size_t>(shape_.elements()) * engine::size_of(dtype_); }

engine::View Twin::cpu() const { return {const_cast<std::uint8_t*>(host_.data()) + skew_bytes_, dtype_, shape_}; }
engine::View Twin::cuda() const { return {device_.data() + skew_bytes_, dtype_, shape_}; }

std::vector<float> Twin::floats(std::span<const std::uint8_t> bytes) const {
  std::vector<float> result;
  const auto append = [&]<class T>(T value) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
      std::memcpy(&value, bytes.data() + at, sizeof(T));
      result.push_back(static_cast<float>(value));
    }
  };
  switch (dtype_) {
    case Dtype::f32: append(0.0f); break;
    case Dtype::bf16: append(engine::bf16()); break;
    case Dtype::i32: append(std::int32_t{0}); break;
    case Dtype::i64: append(std::int64_t{0}); break;
    case Dtype::u8: append(std::uint8_t{0}); break;
    case Dtype::f64: append(0.0); break;
  }
  return result;
}

std::vector<float> Twin::from_cpu() const { return floats(std::span(host_).subspan(skew_bytes_)); }
std::vector<float> Twin::from_cuda() const { return floats(device_.to_host(skew_bytes_)); }

void Twin::expect_close(double tolerance) const {
  const std::vector<float> expected = from_cpu(), actual = from_cuda();
  REQUIRE(actual.size() == expected.size());
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i]))) continue;
    double error =
        std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i])) / (1 + std::abs(expected[i]));
    if (std::isnan(error)) error = INFINITY;
    if (error > worst) worst = error, at = i;
  }
  if (actual.empty()) return;
  CAPTURE(at);
  CAPTURE(actual[at]);
  CAPTURE(expected[at]);
  CHECK(worst <= tolerance);
}

void Twin::expect_equal_bytes() const {
  const std::vector<std::uint8_t> actual = device_.to_host(skew_bytes_);
  CHECK(
      std::equal(actual.begin(), actual.end(), host_.begin() + static_cast<std::ptrdiff_t>(skew_bytes_), host_.end()));
}

void with_contexts(const std::function<void(const engine::Context&, const engine::Context&)>& body) {
  const engine::Context cpu = kernels::make_context({.device = {}, .threads = 1});
  const engine::Context cuda(std::make_unique<kernels::cuda::CudaBackend>(0), 1);
  body(cpu, cuda);
  cuda.backend().synchronize();
}

}  // namespace tests
