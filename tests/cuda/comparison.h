#pragma once
#include <doctest/doctest.h>

#include "tests/cuda/both_devices.h"
#include "tests/guarded_tensor.h"

namespace tests {

struct OperandTypes {
  engine::Dtype operands, result;
};
inline constexpr OperandTypes kOperandTypes[] = {{engine::Dtype::f32, engine::Dtype::f32},
                                                 {engine::Dtype::bf16, engine::Dtype::bf16},
                                                 {engine::Dtype::bf16, engine::Dtype::f32}};

/// Compares a kernel on the CPU with the same kernel in CUDA, on operands that both represent exactly. The CPU computes
/// in f32.
struct Comparison {
  const engine::Context &cpu, &cuda;
  OperandTypes types;

  engine::Tensor operand(engine::Shape shape, std::uint64_t seed) const {
    return random_tensor(cpu, shape, seed, types.operands);
  }

  /// `make` builds the arguments from the operands and the result, which holds values at the start. The CUDA kernel
  /// runs twice and must return the same bits.
  template <class Args, class Make>
  void expect_close(void (*on_cpu)(const engine::Context&, const Args&),
                    void (*on_cuda)(const engine::Context&, const Args&), const std::vector<engine::Tensor>& operands,
                    engine::Shape result, double tolerance, const Make& make) const {
    std::vector<engine::Tensor> host, device;
    for (const engine::Tensor& operand : operands) {
      host.push_back(moved(operand, cpu, engine::Dtype::f32));
      device.push_back(moved(operand, cuda, operand.dtype()));
    }
    const engine::Tensor before = random_tensor(cpu, result, 9, types.result);
    const engine::Tensor expected = moved(before, cpu, engine::Dtype::f32);
    on_cpu(cpu, make(host, expected));
    const std::vector<float> wanted = expected.to_host<float>();
    std::vector<float> first;
    for (int run = 0; run < 2; ++run) {
      const GuardedTensor y(moved(before, cuda, types.result));
      on_cuda(cuda, make(device, y));
      const std::vector<float> values = to_floats(y.checked());
      tests::expect_close(values, {wanted.begin(), wanted.end()}, tolerance);
      if (run == 0) first = values;
      CHECK(values == first);
    }
  }
};

/// Calls `body` for every combination of types.
template <class Body>
void compare_devices(const Body& body) {
  const engine::Context cpu = kernels::make_context(), cuda = cuda_context();
  for (const OperandTypes& types : kOperandTypes) {
    CAPTURE(name(types.operands));
    CAPTURE(name(types.result));
    body(Comparison{cpu, cuda, types});
  }
}

}  // namespace tests
