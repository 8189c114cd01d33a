#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "tests/simt/device_array.h"

/// Every kernel of kernels/cuda gives what the CPU's gives, on buffers that are exactly as long as they should be. The
/// interpreter runs each launch in three schedules from the same memory and wants the same bytes from all: no kernel
/// needs a test of its own for that.
namespace tests {

/// Where a buffer begins: `skewed` is one element behind an address that allows accesses of 16 bytes.
enum class Start { aligned, skewed };

/// A buffer that exists on both devices.
class Twin {
 public:
  /// An output: NaN where it is floating, and on the device uninitialised.
  Twin(engine::Shape shape, engine::Dtype dtype = engine::Dtype::f32, Start start = Start::aligned);
  /// f32 or bf16, rounded to it.
  Twin(engine::Shape shape, const std::vector<float>& values, engine::Dtype dtype = engine::Dtype::f32,
       Start start = Start::aligned);
  Twin(engine::Shape shape, const std::vector<std::int32_t>& values);
  Twin(engine::Shape shape, const std::vector<std::uint8_t>& values);

  engine::View cpu() const;
  engine::View cuda() const;
  /// Floating values after the kernels; bytes and integers as they are.
  std::vector<float> from_cpu() const;
  std::vector<float> from_cuda() const;

  /// |cuda - cpu| <= tolerance (1 + |cpu|) everywhere; NaN only where the CPU has it.
  void expect_close(double tolerance) const;
  void expect_equal() const { expect_close(0); }

 private:
  void upload();
  std::vector<float> floats(const std::vector<std::uint8_t>& bytes) const;
  std::size_t size_bytes() const;

  engine::Shape shape_;
  engine::Dtype dtype_;
  std::size_t skew_bytes_;
  std::vector<std::uint8_t> host_;
  DeviceArray<std::uint8_t> device_;
};

/// One of the two devices: turns a twin into its view.
struct Side {
  bool cuda;
  engine::View operator()(const Twin& twin) const { return cuda ? twin.cuda() : twin.cpu(); }
};

/// Contexts for one call; a new pool each time, so that temporary memory is uninitialised memory.
void with_contexts(const std::function<void(const engine::Context& cpu, const engine::Context& cuda)>& body);

/// Calls both implementations, with arguments made for each side.
template <class Args, class Make>
void on_both(void (*cpu)(const engine::Context&, const Args&), void (*cuda)(const engine::Context&, const Args&),
             const Make& make) {
  with_contexts([&](const engine::Context& on_cpu, const engine::Context& on_cuda) {
    cpu(on_cpu, make(Side{false}));
    cuda(on_cuda, make(Side{true}));
  });
}

}  // namespace tests
