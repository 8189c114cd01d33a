#include "kernels/cpu/convolution_plans.h"

#include "kernels/cpu/host_memory.h"

namespace kernels::cpu {
namespace {

using dnnl::memory;
using Operand = ConvolutionPlan::Operand;

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // so that the pool accounts for it
  return attributes;
}

dnnl::reorder reorder(const dnnl::engine& engine, const memory::desc& from, const memory::desc& to, bool add) {
  dnnl::primitive_attr attributes;
  if (add) {
    dnnl::post_ops sum;
    sum.append_sum();
    attributes.set_post_ops(sum);
  }
  return dnnl::reorder(dnnl::reorder::primitive_desc(engine, from, engine, to, attributes));
}

void complete_input(const dnnl::engine& engine, Operand& operand, const memory::desc& theirs) {
  operand.theirs = theirs;
  if (theirs != operand.ours) operand.convert = reorder(engine, operand.ours, theirs, false);
}

void complete_output(const dnnl::engine& engine, Operand& operand, const memory::desc& theirs) {
  operand.theirs = theirs;
  if (theirs != operand.ours) operand.convert = reorder(engine, theirs, operand.ours, false);
  operand.add = reorder(engine, theirs, operand.ours, true);
}

std::unique_ptr<ConvolutionPlan> compile(const dnnl::engine& engine, const ConvolutionProblem& problem,
                                         ConvolutionLayout layout) {
  auto plan = std::make_unique<ConvolutionPlan>();
  const Conv2dGeometry& g = problem.g;
  const auto type = problem.dtype == Dtype::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  const auto weight_type = problem.pass == ConvolutionPass::wgrad ? memory::data_type::f32 : type;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const auto attributes = user_scratchpad();
  const memory::dims strides{g.stride, g.stride}, padding{g.pad, g.pad};
  // oneDNN wants the padding on the right that the windows really use: a stride may not reach all of it.
  const memory::dims padding_after{(g.p() - 1) * g.stride + g.r - g.h - g.pad,
                                   (g.q() - 1) * g.stride + g.s - g.w - g.pad};
  plan->x.ours = {{g.n, g.c, g.h, g.w}, type, memory::format_tag::nhwc};
  plan->y.ours = {{g.n, g.k, g.p(), g.q()}, type, memory::format_tag::nhwc};
  plan->weight.ours = {{g.k, g.c, g.r, g.s}, weight_type, memory::format_tag::ohwi};
  const auto wished = [&](const memory::desc& ours) {
    return layout == ConvolutionLayout::nhwc ? ours : memory::desc(ours.dims(), type, memory::format_tag::any);
  };
  const memory::desc x = wished(plan->x.ours), y = wished(plan->y.ours);
  const memory::desc weight{plan->weight.ours.dims(), type, memory::format_tag::any};
  const memory::desc dweight{plan->weight.ours.dims(), weight_type, memory::format_tag::any};

  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, algorithm, x, weight, y, strides, padding, padding_after}, attributes,
      engine);
  switch (problem.pass) {
    case ConvolutionPass::forward:
      plan->primitive = dnnl::convolution_forward(forward);
      plan->scratchpad = forward.scratchpad_desc();
      complete_input(engine, plan->x, forward.src_desc());
      complete_input(engine, plan->weight, forward.weights_desc());
      complete_output(engine, plan->y, forward.dst_desc());
      break;
    case ConvolutionPass::dgrad: {
      const dnnl::convolution_backward_data::primitive_desc dgrad(
          {algorithm, x, weight, y, strides, padding, padding_after}, attributes, engine, forward);
      plan->primitive = dnnl::convolution_backward_data(dgrad);
      plan->scratchpad = dgrad.scratchpad_desc();
      complete_input(engine, plan->y, dgrad.diff_dst_desc());
      complete_input(engine, plan->weight, dgrad.weights_desc());
      complete_output(engine, plan->x, dgrad.diff_src_desc());
      break;
    }
    case ConvolutionPass::wgrad: {
      const dnnl::convolution_backward_weights::primitive_desc wgrad(
          {algorithm, x, dweight, y, strides, padding, padding_after}, attributes, engine, forward);
      plan->primitive = dnnl::convolution_backward_weights(wgrad);
      plan->scratchpad = wgrad.scratchpad_desc();
      complete_input(engine, plan->y, wgrad.diff_dst_desc());
      complete_input(engine, plan->x, wgrad.src_desc());
      complete_output(engine, plan->weight, wgrad.diff_weights_desc());
      break;
    }
  }
  return plan;
}

}  // namespace

const ConvolutionPlan& ConvolutionPlans::get(const Context& context, const ConvolutionProblem& problem,
                                             ConvolutionLayout layout) {
  auto& plan = plans_[{problem, layout}];
  if (plan) return *plan;
  expect_library_memory(context);
  plan = compile(engine_, problem, layout);
  return *plan;
}

}  // namespace kernels::cpu
