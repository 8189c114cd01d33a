#pragma once
#include "kernels/conv2d.h"
#include "kernels/cuda/backend.h"

namespace kernels::cuda {

/// What cuDNN's vector accesses want of an address.
constexpr std::size_t kVectorBytes = 16;
inline bool vector_aligned(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) % kVectorBytes == 0;
}

/// Whether a convolution may have its channels summed on the way: cuDNN does that by atomic additions. In f32 the sums
/// are not worth what their variance loses. A copy of an operand that is not aligned would cost more than they spare,
/// and the squares are aligned with the sums when k is a multiple of 4.
inline bool may_sum(const Context& context, const Conv2dForward& args) {
  const auto fits = [](const ConstView& view) { return view.dtype == Dtype::bf16 && vector_aligned(view.data); };
  return args.sums != nullptr && !backend(context).arithmetic().repeatable && args.g.n > 0 && fits(args.x) &&
         fits(args.weight) && fits(args.y) && vector_aligned(args.sums->view.data) && args.g.k % 4 == 0;
}

}  // namespace kernels::cuda
