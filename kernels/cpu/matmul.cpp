#include "kernels/cpu/matmul.h"

#include <algorithm>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/loops.h"
#include "kernels/cpu/matmul_plans.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {

void matmul(MatmulSize size, const float* a, const float* b, float* c, MatmulOptions options) {
  const auto [m, n, k] = size;
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!options.accumulate) std::fill_n(c, m * n, 0.0f);
    return;
  }
  const dnnl_status_t status =
      dnnl_sgemm(options.transpose_a ? 'T' : 'N', options.transpose_b ? 'T' : 'N', m, n, k, 1.0f, a,
                 options.transpose_a ? m : k, b, options.transpose_b ? k : n, options.accumulate ? 1.0f : 0.0f, c, n);
  if (status == dnnl_out_of_memory)
    throw engine::OutOfMemory(
        engine::concat("out of memory: oneDNN has no room for a product of ", m, "x", k, " by ", k, "x", n), {});
  EXPECTS(status == dnnl_success, "oneDNN: sgemm of ", m, "x", k, " by ", k, "x", n, " failed with status ", status);
}

void matmul(const Context& context, MatmulSize size, const bf16* a, const bf16* b, const Destination& c,
            Bf16MatmulOptions options) {
  const auto [m, n, k] = size;
  if (m == 0 || n == 0) return;
  if (k == 0) {  // oneDNN does not accept an inner dimension of 0
    with_float_type(c.view.dtype, [&]<class T>(T*) {
      write_elements<T>(
          c, [bias = options.bias, columns = size.n](std::int64_t i) { return bias ? bias[i % columns] : 0.0f; });
    });
    return;
  }
  MatmulPlans& plans = backend(context).products();
  const MatmulPlan& plan = plans.get(context, {.size = size,
                                               .transpose_a = options.transpose_a,
                                               .transpose_b = options.transpose_b,
                                               .accumulate = c.accumulate,
                                               .has_bias = options.bias != nullptr,
                                               .dtype = c.view.dtype});
  const engine::Scratch scratchpad(context, plan.scratchpad.get_size());
  const auto bind = [&](const dnnl::memory::desc& desc, const void* data) {
    return dnnl::memory(desc, plans.engine(), const_cast<void*>(data));  // oneDNN has no read-only memory object
  };
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, bind(plan.a, a)},
                                                  {DNNL_ARG_WEIGHTS, bind(plan.b, b)},
                                                  {DNNL_ARG_DST, bind(plan.c, c.view.data)},
                                                  {DNNL_ARG_SCRATCHPAD, bind(plan.scratchpad, scratchpad.as<void>())}};
  if (options.bias) arguments.emplace(DNNL_ARG_BIAS, bind(plan.bias, options.bias));
  plan.primitive.execute(plans.stream(), arguments);
  plans.stream().wait();
}

}  // namespace kernels::cpu
