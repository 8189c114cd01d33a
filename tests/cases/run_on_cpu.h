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
  if (buffer.values.empty()) return {context, buffer.shape, buffer.dtype};
  const auto holding = [&]<class T>(T*) {
    std::vector<T> values;
    for (const double value : buffer.values) values.push_back(T(static_cast<float>(value)));
    return GuardedTensor(engine::Tensor::from(context, buffer.shape, values));
  };
  switch (buffer.dtype) {
    case engine::Dtype::f32: return holding(static_cast<float*>(nullptr));
    case engine::Dtype::bf16: return holding(static_cast<engine::bf16*>(nullptr));
    case engine::Dtype::i32: return holding(static_cast<std::int32_t*>(nullptr));
    case engine::Dtype::i64: return holding(static_cast<std::int64_t*>(nullptr));
    case engine::Dtype::u8: return holding(static_cast<std::uint8_t*>(nullptr));
    case engine::Dtype::f64: return engine::Tensor::from(context, buffer.shape, buffer.values);
  }
  return {context, buffer.shape, buffer.dtype};
}

/// Runs each case on one and on three threads, twice, and requires the same bits from both runs.
template <class Args>
void run_on_cpu(const std::vector<KernelCase<Args>>& cases, const kernels::Kernel<Args>& kernel) {
  for (const KernelCase<Args>& each : cases) {
    CAPTURE(each.name);
    for (const int threads : {1, 3}) {
      CAPTURE(threads);
      const engine::Context context = kernels::make_context({.device = {}, .threads = threads});
      CaseValues first;
      for (int run = 0; run < 2; ++run) {
        std::vector<GuardedTensor> tensors;
        for (const CaseBuffer& buffer : each.buffers) tensors.push_back(guarded(context, buffer));
        const Args args = each.arguments({tensors.begin(), tensors.end()});
        if constexpr (requires { args.cost(); }) CHECK(args.cost().bytes >= 0);
        kernel(context, args);
        CaseValues actual;
        for (const GuardedTensor& tensor : tensors) actual.push_back(doubles_of(tensor.checked()));
        if (run == 0) {
          expect_results(each.buffers, each.definition, each.gradients, actual);
          first = actual;
        }
        for (std::size_t b = 0; b < actual.size(); ++b) {
          CHECK(std::equal(actual[b].begin(), actual[b].end(), first[b].begin(),
                           [](double x, double y) { return x == y || (x != x && y != y); }));
        }
      }
    }
  }
}

}  // namespace tests
