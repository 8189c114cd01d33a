#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/kernel.h"

/// A call of a kernel, described once: NAME_case in kernels/cases/NAME.h makes one of any size. Tests run cases on the
/// CPU, in the interpreter and on a GPU (tests/cases), where results are compared with a definition in double and
/// gradients with central differences of another one. `bench kernels` times large ones, without their definitions. What
/// a kernel costs is in its arguments (`cost()`).
namespace kernels {

/// The contents of a case's buffers, in double.
using CaseValues = std::vector<std::vector<double>>;

/// A tensor that the kernel reads or writes.
struct CaseBuffer {
  Shape shape;
  std::vector<double> values = {};  ///< at the start, rounded to the dtype; of an output none: it starts undefined
  Dtype dtype = Dtype::f32;
  /// Of a result: |result - definition| <= tolerance (1 + |definition|), and equal where that is not finite.
  std::optional<double> tolerance = {};
  /// Whether the tolerance is of a result whose root mean square, whatever it is, replaces the 1.
  bool relative = false;
  bool skewed = false;  ///< whether it begins one element after an address that allows wide accesses, in CUDA
};

/// A result that is the gradient of `value` by the first elements of the buffer `variable`.
struct CaseGradient {
  std::size_t result, variable;
  std::function<double(const CaseValues&)> value;
  double step = 1e-6, tolerance = 1e-5;  ///< of the central difference; relative to 1 + |gradient|
};

template <class Args>
struct KernelCase {
  std::string name;
  std::vector<CaseBuffer> buffers;
  std::function<Args(const std::vector<View>&)> arguments;  ///< from the buffers' memory on either device
  std::function<void(CaseValues&)> definition;              ///< writes the results over what they start with
  std::vector<CaseGradient> gradients = {};
};

/// The values at the start, in the buffer's dtype; `bench` gives the first of long contents, and repeats them.
std::vector<std::byte> contents_of(const CaseBuffer& buffer);

}  // namespace kernels
