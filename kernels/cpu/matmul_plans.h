#pragma once
#include <compare>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/cpu/matmul.h"

namespace kernels::cpu {

/// The sizes and types of a product of bf16 matrices.
struct MatmulProblem {
  MatmulSize size;
  bool transpose_a, transpose_b, accumulate, has_bias;
  Dtype dtype;  ///< of the result, f32 or bf16
  friend auto operator<=>(const MatmulProblem&, const MatmulProblem&) = default;
};

struct MatmulPlan {
  dnnl::primitive primitive;
  dnnl::memory::desc a, b, bias, c, scratchpad;
};

/// oneDNN's products of bf16 matrices, compiled on first use.
class MatmulPlans {
 public:
  MatmulPlans() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}
  /// Throws engine::OutOfMemory when memory is too short to compile.
  const MatmulPlan& get(const Context& context, const MatmulProblem& problem);
  dnnl::engine& engine() { return engine_; }
  dnnl::stream& stream() { return stream_; }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<MatmulProblem, MatmulPlan> plans_;
};

}  // namespace kernels::cpu
