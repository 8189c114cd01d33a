#pragma once
#include "kernels/kernel.h"

namespace kernels::cuda {

struct NamedOperand {
  const char* name;
  ConstView view;
};

/// The types of vendor libraries: both operands are f32 or both bf16; the result has the operands' dtype or is f32.
inline void expect_operand_types(const char* operation, const NamedOperand& a, const NamedOperand& b,
                                 const NamedOperand& result) {
  const Dtype dtype = a.view.dtype, wanted = result.view.dtype;
  const bool floating = dtype == Dtype::f32 || dtype == Dtype::bf16;
  EXPECTS(floating && b.view.dtype == dtype && (wanted == dtype || wanted == Dtype::f32), operation,
          ": the CUDA kernel takes ", a.name, " and ", b.name, " both in f32 or both in bf16, and ", result.name,
          " like them or in f32, got ", a.name, " ", engine::name(dtype), ", ", b.name, " ", engine::name(b.view.dtype),
          " and ", result.name, " ", engine::name(wanted));
}

}  // namespace kernels::cuda
