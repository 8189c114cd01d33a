#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/kernel.h"

/// A kernel's example, described once: tests/cases/NAME.cpp returns a list of them, which tests run on the CPU
/// (run_on_cpu.h), in the interpreter and on a GPU (run_on_cuda.h). Results are compared with a definition in double,
/// gradients with central differences of another one. What a kernel costs is in its arguments (`cost()`).
namespace tests {

/// The contents of a case's buffers, in double.
using CaseValues = std::vector<std::vector<double>>;

/// A tensor that the kernel reads or writes.
struct CaseBuffer {
  engine::Shape shape;
  std::vector<double> values = {};  ///< at the start, rounded to the dtype; of an output none: it starts undefined
  engine::Dtype dtype = engine::Dtype::f32;
  /// Of a result: |result - definition| <= tolerance (1 + |definition|), and equal where that is not finite.
  std::optional<double> tolerance = {};
};

/// A result that is the gradient of `value` by the contents of the buffer `variable`.
struct CaseGradient {
  std::size_t result, variable;
  std::function<double(const CaseValues&)> value;
  double step = 1e-6, tolerance = 1e-5;  ///< of the central difference; relative to 1 + |gradient|
};

template <class Args>
struct KernelCase {
  std::string name;
  std::vector<CaseBuffer> buffers;
  std::function<Args(const std::vector<engine::View>&)> arguments;  ///< from the buffers' memory on either device
  std::function<void(CaseValues&)> definition;                      ///< writes the results over what they start with
  std::vector<CaseGradient> gradients = {};
};

/// The contents at the start, as the kernel reads them; NaN where they are undefined.
CaseValues start_of(const std::vector<CaseBuffer>& buffers);

/// Compares the contents after the kernel with the definition's and with central differences.
void expect_results(const std::vector<CaseBuffer>& buffers, const std::function<void(CaseValues&)>& definition,
                    const std::vector<CaseGradient>& gradients, const CaseValues& actual);

}  // namespace tests
