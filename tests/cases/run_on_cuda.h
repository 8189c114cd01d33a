#pragma once
#include <doctest/doctest.h>

#include <memory>

#include "tests/cases/kernel_case.h"
#include "tests/simt/kernels/twin.h"

namespace tests {

/// A buffer of a case on the device.
inline std::unique_ptr<Twin> on_device(const CaseBuffer& buffer) {
  if (buffer.values.empty()) return std::make_unique<Twin>(buffer.shape, buffer.dtype);
  const auto values = [&]<class T>(T*) { return std::vector<T>(buffer.values.begin(), buffer.values.end()); };
  switch (buffer.dtype) {
    case engine::Dtype::f32:
    case engine::Dtype::bf16:
      return std::make_unique<Twin>(buffer.shape, values(static_cast<float*>(nullptr)), buffer.dtype);
    case engine::Dtype::i32: return std::make_unique<Twin>(buffer.shape, values(static_cast<std::int32_t*>(nullptr)));
    case engine::Dtype::i64: return std::make_unique<Twin>(buffer.shape, values(static_cast<std::int64_t*>(nullptr)));
    case engine::Dtype::u8: return std::make_unique<Twin>(buffer.shape, values(static_cast<std::uint8_t*>(nullptr)));
    case engine::Dtype::f64: return std::make_unique<Twin>(buffer.shape, buffer.values);
  }
  return nullptr;
}

/// Runs each case in CUDA: in the interpreter, which repeats it in three schedules, or on a GPU.
template <class Args>
void run_on_cuda(const std::vector<KernelCase<Args>>& cases, void (*kernel)(const engine::Context&, const Args&)) {
  for (const KernelCase<Args>& each : cases) {
    CAPTURE(each.name);
    with_contexts([&](const engine::Context&, const engine::Context& context) {
      std::vector<std::unique_ptr<Twin>> twins;
      std::vector<engine::View> views;
      for (const CaseBuffer& buffer : each.buffers) {
        twins.push_back(on_device(buffer));
        views.push_back(twins.back()->cuda());
      }
      kernel(context, each.arguments(views));
      context.backend().synchronize();
      CaseValues actual;
      for (const auto& twin : twins) {
        const std::vector<float> values = twin->from_cuda();
        actual.emplace_back(values.begin(), values.end());
      }
      expect_results(each.buffers, each.definition, each.gradients, actual);
    });
  }
}

}  // namespace tests
