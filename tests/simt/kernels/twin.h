#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "tests/simt/device_array.h"

/// Compares every kernel of kernels/cuda with the CPU's, on buffers of exactly the right length. The interpreter runs
/// each launch in three schedules from the same contents of memory and requires equal bytes, so that no kernel needs
/// its own test of repeatability.
namespace tests {

/// Where a buffer begins: `skewed` is one element after an address that allows 16-byte accesses.
enum class Start { aligned, skewed };

/// A buffer that exists on both devices.
class Twin {
 public:
  /// An output: filled with NaN if it is floating-point; uninitialised on the device.
  Twin(engine::Shape shape, engine::Dtype dtype = engine::Dtype::f32, Start start = Start::aligned);
  /// f32 or bf16; values are rounded to it.
  Twin(engine::Shape shape, const std::vector<float>& values, engine::Dtype dtype = engine::Dtype::f32,
       Start start = Start::aligned);
  /// Bytes of the dtype, or none: then it is uninitialised on the device.
  Twin(engine::Shape shape, const std::vector<std::byte>& contents, engine::Dtype dtype, Start start);
  Twin(engine::Shape shape, const std::vector<std::int32_t>& values);
  Twin(engine::Shape shape, const std::vector<std::int64_t>& values);
  Twin(engine::Shape shape, const std::vector<std::uint8_t>& values);
  Twin(engine::Shape shape, const std::vector<double>& values);

  engine::View cpu() const;
  engine::View cuda() const;
  /// Floating-point values after the kernels; bytes and integers are converted.
  std::vector<float> from_cpu() const;
  std::vector<float> from_cuda() const;

  /// |cuda - cpu| <= tolerance (1 + |cpu|) everywhere; NaN only where the CPU has NaN.
  void expect_close(double tolerance) const;
  void expect_equal() const { expect_close(0); }
  /// Also of integers that floats would round.
  void expect_equal_bytes() const;

 private:
  void upload();
  std::vector<float> floats(std::span<const std::uint8_t> bytes) const;
  std::size_t size_bytes() const;

  engine::Shape shape_;
  engine::Dtype dtype_;
  std::size_t skew_bytes_;
  std::vector<std::uint8_t> host_;
  DeviceArray<std::uint8_t> device_;
};

/// One of the two devices; converts a twin to its view there.
struct Side {
  bool cuda;
  engine::View operator()(const Twin& twin) const { return cuda ? twin.cuda() : twin.cpu(); }
};

/// Contexts for one call, each with a new pool, so that temporary memory is uninitialised.
void with_contexts(const std::function<void(const engine::Context& cpu, const engine::Context& cuda)>& body);

/// Calls both implementations; `make` builds the arguments for each side.
template <class Args, class Make>
void on_both(void (*cpu)(const engine::Context&, const Args&), void (*cuda)(const engine::Context&, const Args&),
             const Make& make) {
  with_contexts([&](const engine::Context& on_cpu, const engine::Context& on_cuda) {
    cpu(on_cpu, make(Side{false}));
    cuda(on_cuda, make(Side{true}));
  });
}

}  // namespace tests
