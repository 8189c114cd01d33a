#pragma once
#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/cases/kernel_case.h"
#include "tests/guarded_tensor.h"

namespace tests {

/// The contents of an f32, bf16 or integer tensor.
inline std::vector<double> doubles_of(const engine::Tensor& x) {
  const auto all = [](const auto& values) { return std::vector<double>(values.begin(), values.end()); };
  switch (x.dtype()) {
    case engine::Dtype::f32: return all(x.to_host<float>());
    case engine::Dtype::bf16: return all(x.to_host<engine::bf16>());
    case engine::Dtype::i32: return all(x.to_host<std::int32_t>());
    case engine::Dtype::i64: return all(x.to_host<std::int64_t>());
    case engine::Dtype::u8: return all(x.to_host<std::uint8_t>());
    case engine::Dtype::f64: return x.to_host<double>();
  }
  return {};
}

/// The tensor that a case's buffer is at the start, between guard bytes.
inline GuardedTensor guarded(const engine::Context& context, const CaseBuffer& buffer) {
  GuardedTensor tensor(context, buffer.shape, buffer.dtype);
  if (!buffer.values.empty()) tensor.checked().upload_bytes(kernels::contents_of(buffer).data());
  return tensor;
}

/// The contents after a call.
template <class Args>
CaseValues results_on(const engine::Context& context, const KernelCase<Args>& each,
                      const kernels::Kernel<Args>& kernel) {
  std::vector<GuardedTensor> tensors;
  for (const CaseBuffer& buffer : each.buffers) tensors.push_back(guarded(context, buffer));
  const Args args = each.arguments({tensors.begin(), tensors.end()});
  if constexpr (requires { args.cost(); }) CHECK(args.cost().bytes >= 0);
  kernel(context, args);
  CaseValues actual;
  for (const GuardedTensor& tensor : tensors) actual.push_back(doubles_of(tensor.checked()));
  return actual;
}

/// Runs each case on one and on three threads, twice, and requires the same bits from both runs.
template <class Args>
void run_on_cpu(const std::vector<KernelCase<Args>>& cases, const kernels::Kernel<Args>& kernel) {
  for (const KernelCase<Args>& each : cases) {
    CAPTURE(each.name);
    for (const int threads : {1, 3}) {
      CAPTURE(threads);
      const engine::Context context = kernels::make_context({.device = {}, .threads = threads});
      const CaseValues first = results_on(context, each, kernel), second = results_on(context, each, kernel);
      expect_results(each.buffers, each.definition, each.gradients, first);
      for (std::size_t b = 0; b < first.size(); ++b) {
        CHECK(std::equal(second[b].begin(), second[b].end(), first[b].begin(),
                         [](double x, double y) { return x == y || (x != x && y != y); }));
      }
    }
  }
}

}  // namespace tests
