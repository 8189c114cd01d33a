#include "kernels/cpu/matmul_plans.h"

#include "kernels/cpu/host_memory.h"

namespace kernels::cpu {
namespace {

using dnnl::memory;

/// A dense matrix rows x columns: row-major or, if `transposed`, column-major.
memory::desc matrix(std::int64_t rows, std::int64_t columns, memory::data_type type, bool transposed = false) {
  return {{rows, columns}, type, transposed ? memory::dims{1, rows} : memory::dims{columns, 1}};
}

MatmulPlan compile(const dnnl::engine& engine, const MatmulProblem& problem) {
  const auto [m, n, k] = problem.size;
  const auto bf16 = memory::data_type::bf16, f32 = memory::data_type::f32;
  MatmulPlan plan;
  plan.a = matrix(m, k, bf16, problem.transpose_a);
  plan.b = matrix(k, n, bf16, problem.transpose_b);
  plan.c = matrix(m, n, problem.dtype == Dtype::bf16 ? bf16 : f32);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // so that the pool accounts for it
  if (problem.accumulate) {
    dnnl::post_ops sum;
    sum.append_sum();
    attributes.set_post_ops(sum);
  }
  if (problem.has_bias) plan.bias = matrix(1, n, f32);
  const auto wanted = problem.has_bias ? dnnl::matmul::desc(plan.a, plan.b, plan.bias, plan.c)
                                       : dnnl::matmul::desc(plan.a, plan.b, plan.c);
  const dnnl::matmul::primitive_desc product(wanted, attributes, engine);
  plan.primitive = dnnl::matmul(product);
  plan.scratchpad = product.scratchpad_desc();
  return plan;
}

}  // namespace

const MatmulPlan& MatmulPlans::get(const Context& context, const MatmulProblem& problem) {
  const auto found = plans_.find(problem);
  if (found != plans_.end()) return found->second;
  expect_library_memory(context);
  return plans_.emplace(problem, compile(engine_, problem)).first->second;
}

}  // namespace kernels::cpu
