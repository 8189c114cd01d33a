#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/tensor.h"

namespace tests {

/// A tensor with guard bytes right before and right after it: an output that a kernel must fill and not overrun.
class GuardedTensor {
 public:
  GuardedTensor(const engine::Context& context, engine::Shape shape, engine::Dtype dtype = engine::Dtype::f32) {
    const std::int64_t bytes = shape.elements() * static_cast<std::int64_t>(engine::size_of(dtype));
    buffer_ =
        engine::Tensor::from(context, {bytes + 2 * kGuardBytes},
                             std::vector<std::uint8_t>(static_cast<std::size_t>(bytes + 2 * kGuardBytes), kGuard));
    tensor_ = buffer_.view_as(kGuardBytes, shape, dtype);
  }
  /// Starting from `values`, for a kernel that adds to them.
  GuardedTensor(const engine::Tensor& values) : GuardedTensor(values.context(), values.shape(), values.dtype()) {
    std::vector<std::uint8_t> host(values.bytes());
    values.download(host.data());
    tensor_.upload_bytes(host.data());
  }

  /// The tensor, after a look at its guards.
  const engine::Tensor& checked() const {
    const std::vector<std::uint8_t> bytes = buffer_.to_host<std::uint8_t>();
    const auto untouched = [](std::uint8_t byte) { return byte == kGuard; };
    CHECK_MESSAGE(std::all_of(bytes.begin(), bytes.begin() + kGuardBytes, untouched), "written before the output");
    CHECK_MESSAGE(std::all_of(bytes.end() - kGuardBytes, bytes.end(), untouched), "written behind the output");
    return tensor_;
  }
  operator engine::View() const { return tensor_; }

 private:
  static constexpr std::int64_t kGuardBytes = 128;
  static constexpr std::uint8_t kGuard = 0xA5;
  engine::Tensor buffer_, tensor_;
};

}  // namespace tests
