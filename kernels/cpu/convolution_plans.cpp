#include "kernels/cpu/convolution_plans.h"

namespace kernels::cpu {
namespace {

using dnnl::memory;

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // so that the pool accounts for it
  return attributes;
}

std::unique_ptr<ConvolutionPlan> compile(const dnnl::engine& engine, const Conv2dGeometry& g, ConvolutionPass pass) {
  auto plan = std::make_unique<ConvolutionPlan>();
  const auto f32 = memory::data_type::f32;
  const memory::dims weight_dims{g.k, g.c, g.r, g.s}, strides{g.stride, g.stride}, padding{g.pad, g.pad};
  // With padding on the right that a stride does not reach, oneDNN wants the padding it really uses.
  const memory::dims padding_after{(g.p() - 1) * g.stride + g.r - g.h - g.pad,
                                   (g.q() - 1) * g.stride + g.s - g.w - g.pad};
  plan->x = {{g.n, g.c, g.h, g.w}, f32, memory::format_tag::nhwc};
  plan->y = {{g.n, g.k, g.p(), g.q()}, f32, memory::format_tag::nhwc};
  plan->weight_krsc = {weight_dims, f32, memory::format_tag::ohwi};
  const memory::desc any_weight{weight_dims, f32, memory::format_tag::any};
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const auto attributes = user_scratchpad();

  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, algorithm, plan->x, any_weight, plan->y, strides, padding, padding_after},
      attributes, engine);
  const auto reorder = [&](const memory::desc& from, const memory::desc& to, float add_scale) {
    dnnl::primitive_attr adds;
    if (add_scale != 0) {
      dnnl::post_ops sum;
      sum.append_sum(add_scale);
      adds.set_post_ops(sum);
    }
    return dnnl::reorder(dnnl::reorder::primitive_desc(engine, from, engine, to, adds));
  };

  switch (pass) {
    case ConvolutionPass::forward:
      plan->forward = dnnl::convolution_forward(forward);
      plan->weight = forward.weights_desc();
      plan->scratchpad = forward.scratchpad_desc();
      break;
    case ConvolutionPass::dgrad: {
      const dnnl::convolution_backward_data::primitive_desc dgrad(
          {algorithm, plan->x, any_weight, plan->y, strides, padding, padding_after}, attributes, engine, forward);
      plan->dgrad = dnnl::convolution_backward_data(dgrad);
      plan->weight = dgrad.weights_desc();
      plan->scratchpad = dgrad.scratchpad_desc();
      break;
    }
    case ConvolutionPass::wgrad: {
      const dnnl::convolution_backward_weights::primitive_desc wgrad(
          {algorithm, plan->x, any_weight, plan->y, strides, padding, padding_after}, attributes, engine, forward);
      plan->wgrad = dnnl::convolution_backward_weights(wgrad);
      plan->weight = wgrad.diff_weights_desc();
      plan->scratchpad = wgrad.scratchpad_desc();
      plan->add = reorder(plan->weight, plan->weight_krsc, 1.0f);
      break;
    }
  }
  if (plan->weight != plan->weight_krsc) {
    plan->reorder = pass == ConvolutionPass::wgrad ? reorder(plan->weight, plan->weight_krsc, 0)
                                                   : reorder(plan->weight_krsc, plan->weight, 0);
  }
  return plan;
}

}  // namespace

const ConvolutionPlan& ConvolutionPlans::get(const Conv2dGeometry& g, ConvolutionPass pass) {
  auto& plan = plans_[{g, pass}];
  if (!plan) plan = compile(engine_, g, pass);
  return *plan;
}

}  // namespace kernels::cpu
