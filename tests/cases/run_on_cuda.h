#pragma once
#include <doctest/doctest.h>

#include <memory>

#include "tests/cases/kernel_case.h"
#include "tests/simt/kernels/twin.h"

namespace tests {

/// The contents after a call in CUDA: in the interpreter, which repeats it in three schedules, or on a GPU.
template <class Args>
CaseValues results_in_cuda(const KernelCase<Args>& each, void (*kernel)(const engine::Context&, const Args&)) {
  CaseValues actual;
  with_contexts([&](const engine::Context&, const engine::Context& context) {
    std::vector<std::unique_ptr<Twin>> twins;
    std::vector<engine::View> views;
    for (const CaseBuffer& buffer : each.buffers) {
      const Start start = buffer.skewed ? Start::skewed : Start::aligned;
      twins.push_back(std::make_unique<Twin>(buffer.shape, kernels::contents_of(buffer), buffer.dtype, start));
      views.push_back(twins.back()->cuda());
    }
    kernel(context, each.arguments(views));
    context.backend().synchronize();
    for (const auto& twin : twins) {
      const std::vector<float> values = twin->from_cuda();
      actual.emplace_back(values.begin(), values.end());
    }
  });
  return actual;
}

/// Compares what each case leaves in CUDA with its definition.
template <class Args>
void run_on_cuda(const std::vector<KernelCase<Args>>& cases, void (*kernel)(const engine::Context&, const Args&)) {
  for (const KernelCase<Args>& each : cases) {
    CAPTURE(each.name);
    expect_results(each.buffers, each.definition, each.gradients, results_in_cuda(each, kernel));
  }
}

}  // namespace tests
