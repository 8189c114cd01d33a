#include "kernels/conv2d.h"

#include <optional>

#include "engine/core/scratch.h"
#include "kernels/cpu/backend.h"
#include "kernels/cpu/convolution_plans.h"
#include "kernels/cpu/loops.h"
#include "kernels/cpu/lowered_convolution.h"

namespace kernels::cpu {
namespace {

using dnnl::memory;
using engine::Scratch;

memory bind(const memory::desc& desc, const dnnl::engine& engine, const void* data) {
  return {desc, engine, const_cast<void*>(data)};  // oneDNN has no read-only memory
}

/// The weights in the plan's layout; keeps the reordered copy alive.
class PlanWeights {
 public:
  PlanWeights(const Context& context, ConvolutionPlans& plans, const ConvolutionPlan& plan, const float* krsc) {
    memory_ = bind(plan.weight_krsc, plans.engine(), krsc);
    if (!plan.reorder) return;
    copy_.emplace(context, plan.weight.get_size());
    memory ours = memory_;
    memory_ = bind(plan.weight, plans.engine(), copy_->as<float>());
    plan.reorder.execute(plans.stream(), ours, memory_);
  }
  const memory& get() const { return memory_; }

 private:
  std::optional<Scratch> copy_;
  memory memory_;
};

}  // namespace

void conv2d_forward(const Context& context, const Conv2dForward& args) {
  EXPECTS(args.x.dtype == Dtype::f32 && args.weight.dtype == Dtype::f32, "conv2d: the CPU kernel takes f32, got x ",
          name(args.x.dtype), " and weight ", name(args.weight.dtype));
  if (lowering_is_faster(args.g)) return lowered_forward(context, args);
  if (args.g.n == 0) return;
  ConvolutionPlans& plans = backend(context).convolutions();
  const ConvolutionPlan& plan = plans.get(args.g, ConvolutionPass::forward);
  const PlanWeights weights(context, plans, plan, args.weight.as<float>());
  const Scratch scratchpad(context, plan.scratchpad.get_size());
  plan.forward.execute(plans.stream(),
                       {{DNNL_ARG_SRC, bind(plan.x, plans.engine(), args.x.as<float>())},
                        {DNNL_ARG_WEIGHTS, weights.get()},
                        {DNNL_ARG_DST, bind(plan.y, plans.engine(), args.y.as<float>())},
                        {DNNL_ARG_SCRATCHPAD, bind(plan.scratchpad, plans.engine(), scratchpad.as<float>())}});
  plans.stream().wait();
}

void conv2d_dgrad(const Context& context, const Conv2dDgrad& args) {
  if (lowering_is_faster(args.g)) return lowered_dgrad(context, args);
  if (args.g.n == 0) return;
  ConvolutionPlans& plans = backend(context).convolutions();
  const ConvolutionPlan& plan = plans.get(args.g, ConvolutionPass::dgrad);
  const PlanWeights weights(context, plans, plan, args.weight.as<float>());
  const Scratch scratchpad(context, plan.scratchpad.get_size());
  std::optional<Scratch> fresh;  // oneDNN overwrites: a gradient that accumulates is computed beside and added
  if (args.dx.accumulate) fresh.emplace(context, plan.x.get_size());
  float* dx = fresh ? fresh->as<float>() : args.dx.view.as<float>();
  plan.dgrad.execute(plans.stream(),
                     {{DNNL_ARG_DIFF_DST, bind(plan.y, plans.engine(), args.dy.as<float>())},
                      {DNNL_ARG_WEIGHTS, weights.get()},
                      {DNNL_ARG_DIFF_SRC, bind(plan.x, plans.engine(), dx)},
                      {DNNL_ARG_SCRATCHPAD, bind(plan.scratchpad, plans.engine(), scratchpad.as<float>())}});
  plans.stream().wait();
  if (fresh) write_elements<float>(args.dx, [dx](std::int64_t i) { return dx[i]; });
}

void conv2d_wgrad(const Context& context, const Conv2dWgrad& args) {
  if (lowering_is_faster(args.g)) return lowered_wgrad(context, args);
  if (args.g.n == 0) {
    if (!args.dweight.accumulate) write_elements<float>(args.dweight, [](std::int64_t) { return 0.0f; });
    return;
  }
  ConvolutionPlans& plans = backend(context).convolutions();
  const ConvolutionPlan& plan = plans.get(args.g, ConvolutionPass::wgrad);
  const Scratch scratchpad(context, plan.scratchpad.get_size());
  const bool direct = !plan.reorder && !args.dweight.accumulate;
  std::optional<Scratch> fresh;
  if (!direct) fresh.emplace(context, plan.weight.get_size());
  memory theirs = bind(plan.weight, plans.engine(), direct ? args.dweight.view.as<float>() : fresh->as<float>());
  plan.wgrad.execute(plans.stream(),
                     {{DNNL_ARG_DIFF_DST, bind(plan.y, plans.engine(), args.dy.as<float>())},
                      {DNNL_ARG_SRC, bind(plan.x, plans.engine(), args.x.as<float>())},
                      {DNNL_ARG_DIFF_WEIGHTS, theirs},
                      {DNNL_ARG_SCRATCHPAD, bind(plan.scratchpad, plans.engine(), scratchpad.as<float>())}});
  if (!direct) {
    memory ours = bind(plan.weight_krsc, plans.engine(), args.dweight.view.as<float>());
    (args.dweight.accumulate ? plan.add : plan.reorder).execute(plans.stream(), theirs, ours);
  }
  plans.stream().wait();
}

}  // namespace kernels::cpu
