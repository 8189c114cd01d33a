#include "kernels/cpu/direct_convolution.h"

#include <memory>

#include "kernels/cpu/backend.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

using dnnl::memory;
using engine::Scratch;

memory bind(const memory::desc& desc, const dnnl::engine& engine, const void* data) {
  return {desc, engine, const_cast<void*>(data)};  // oneDNN has no read-only memory object
}

/// An input in the plan's layout; keeps the converted copy alive.
class Input {
 public:
  Input(const Context& context, ConvolutionPlans& plans, const ConvolutionPlan::Operand& operand, const void* data) {
    memory_ = bind(operand.ours, plans.engine(), data);
    if (!operand.convert) return;
    copy_ = std::make_unique<Scratch>(context, operand.theirs.get_size());
    memory ours = memory_;
    memory_ = bind(operand.theirs, plans.engine(), copy_->as<void>());
    operand.convert.execute(plans.stream(), ours, memory_);
  }
  const memory& get() const { return memory_; }

 private:
  std::unique_ptr<Scratch> copy_;
  memory memory_;
};

/// Where the primitive writes: the destination itself, or a temporary if the layouts differ or the destination
/// accumulates.
class Output {
 public:
  Output(const Context& context, ConvolutionPlans& plans, const ConvolutionPlan::Operand& operand,
         const Destination& to)
      : plans_(plans), operand_(operand), to_(to) {
    const bool beside = operand.convert || to.accumulate;
    if (beside) copy_ = std::make_unique<Scratch>(context, operand.theirs.get_size());
    memory_ = bind(operand.theirs, plans.engine(), beside ? copy_->as<void>() : to.view.data);
  }
  const memory& get() const { return memory_; }
  void finish() {
    if (copy_) {
      memory ours = bind(operand_.ours, plans_.engine(), to_.view.data);
      (to_.accumulate ? operand_.add : operand_.convert).execute(plans_.stream(), memory_, ours);
    }
    plans_.stream().wait();
  }

 private:
  ConvolutionPlans& plans_;
  const ConvolutionPlan::Operand& operand_;
  Destination to_;
  std::unique_ptr<Scratch> copy_;
  memory memory_;
};

struct Argument {
  int name;  // DNNL_ARG_...
  const ConvolutionPlan::Operand& operand;
  ConstView view;
};

void execute(const Context& context, const ConvolutionPlan& plan, const Argument& a, const Argument& b, int output_name,
             const ConvolutionPlan::Operand& output_operand, const Destination& to) {
  ConvolutionPlans& plans = backend(context).convolutions();
  const Input first(context, plans, a.operand, a.view.data), second(context, plans, b.operand, b.view.data);
  Output output(context, plans, output_operand, to);
  const Scratch scratchpad(context, plan.scratchpad.get_size());
  plan.primitive.execute(plans.stream(),
                         {{a.name, first.get()},
                          {b.name, second.get()},
                          {output_name, output.get()},
                          {DNNL_ARG_SCRATCHPAD, bind(plan.scratchpad, plans.engine(), scratchpad.as<void>())}});
  output.finish();
}

const ConvolutionPlan& plan(const Context& context, const ConvolutionProblem& problem, ConvolutionLayout layout) {
  return backend(context).convolutions().get(context, problem, layout);
}

}  // namespace

void direct_forward(const Context& context, const Conv2dForward& args, ConvolutionLayout layout) {
  const ConvolutionPlan& p = plan(context, {args.g, ConvolutionPass::forward, args.x.dtype}, layout);
  execute(context, p, {DNNL_ARG_SRC, p.x, args.x}, {DNNL_ARG_WEIGHTS, p.weight, args.weight}, DNNL_ARG_DST, p.y,
          {args.y, false});
}

void direct_dgrad(const Context& context, const Conv2dDgrad& args, ConvolutionLayout layout) {
  const ConvolutionPlan& p = plan(context, {args.g, ConvolutionPass::dgrad, args.dy.dtype}, layout);
  execute(context, p, {DNNL_ARG_DIFF_DST, p.y, args.dy}, {DNNL_ARG_WEIGHTS, p.weight, args.weight}, DNNL_ARG_DIFF_SRC,
          p.x, args.dx);
}

void direct_wgrad(const Context& context, const Conv2dWgrad& args, ConvolutionLayout layout) {
  const ConvolutionPlan& p = plan(context, {args.g, ConvolutionPass::wgrad, args.dy.dtype}, layout);
  execute(context, p, {DNNL_ARG_DIFF_DST, p.y, args.dy}, {DNNL_ARG_SRC, p.x, args.x}, DNNL_ARG_DIFF_WEIGHTS, p.weight,
          args.dweight);
}

}  // namespace kernels::cpu
