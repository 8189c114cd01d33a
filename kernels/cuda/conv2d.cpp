#include "kernels/conv2d.h"

#include <limits>
#include <optional>

#include "kernels/convert.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/convolution_algorithms.h"
#include "kernels/cuda/operand_types.h"
#include "kernels/cuda/workspace.h"

namespace kernels::cuda {
namespace {

std::size_t size_of(const ConstView& view) { return static_cast<std::size_t>(bytes_of(view)); }

bool aligned_for_cudnn(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) % ConvolutionPlan::kAlignment == 0;
}

/// An operand that is aligned for cuDNN; a copy if the view is not.
class Operand {
 public:
  Operand(const Context& context, const ConstView& view) : data_(view.data) {
    if (aligned_for_cudnn(view.data)) return;
    data_ = copy_.emplace(context, size_of(view)).as<void>();
    context.backend().copy(copy_->as<void>(), view.data, size_of(view), engine::CopyKind::device_to_device);
  }
  const void* data() const { return data_; }

 private:
  std::optional<engine::Scratch> copy_;
  const void* data_;
};

/// One call of a kernel with operands a and b: x and weight in the forward pass, dy and weight in dgrad, dy and x in
/// wgrad.
class Convolution {
 public:
  Convolution(const Context& context, const ConvolutionProblem& problem, const ConstView& a, const ConstView& b)
      : context_(context), library_(convolutions(context)), problem_(problem), a_(context, a), b_(context, b) {}

  /// Computes with the best known plan.
  void into(const Destination& to) const {
    into(to, library_.plan(context_, problem_,
                           [&](const ConvolutionPlan& plan) { return seconds_elsewhere(plan, to.view); }));
  }

 private:
  /// Time of a run into temporary memory; infinite if memory is too short.
  double seconds_elsewhere(const ConvolutionPlan& plan, View to) const {
    try {
      const engine::Scratch elsewhere(context_, size_of(to));
      to.data = elsewhere.as<void>();
      return 1e-3 * context_.backend().time_ms([&] { into({to}, plan); });
    } catch (const engine::Error&) { return std::numeric_limits<double>::infinity(); }
  }

  void into(const Destination& to, const ConvolutionPlan& plan) const {
    if (!to.accumulate && plan.writes == to.view.dtype && aligned_for_cudnn(to.view.data))
      return run(plan, to.view.data);
    const View result{nullptr, plan.writes, to.view.shape};
    const engine::Scratch memory(context_,
                                 static_cast<std::size_t>(result.shape.elements()) * engine::size_of(result.dtype));
    run(plan, memory.as<void>());
    convert(context_, Convert{.x = {memory.as<void>(), result.dtype, result.shape}, .y = to});
  }

  void run(const ConvolutionPlan& plan, void* result) const {
    const Workspace workspace(context_, plan.workspace_bytes);
    const auto compute = [&](const ConvolutionPlan::Tensors& tensors) {
      plan.run(library_.handle(), tensors, workspace.data());
    };
    switch (problem_.pass) {
      case ConvolutionPass::forward: return compute({.x = a_.data(), .weight = b_.data(), .y = result});
      case ConvolutionPass::dgrad: return compute({.x = result, .weight = b_.data(), .y = a_.data()});
      case ConvolutionPass::wgrad: return compute({.x = b_.data(), .weight = result, .y = a_.data()});
    }
  }

  const Context& context_;
  Convolutions& library_;
  const ConvolutionProblem& problem_;
  Operand a_, b_;
};

ConvolutionProblem problem_of(const Context& context, const Conv2dGeometry& g, ConvolutionPass pass, Dtype operands,
                              Dtype result) {
  return {.g = g, .pass = pass, .operands = operands, .result = result, .arithmetic = backend(context).arithmetic()};
}

void convolve(const Context& context, const Conv2dGeometry& g, ConvolutionPass pass, const ConstView& a,
              const ConstView& b, const Destination& to) {
  const ConvolutionProblem problem = problem_of(context, g, pass, a.dtype, to.view.dtype);
  Convolution(context, problem, a, b).into(to);
}

}  // namespace

void conv2d_forward(const Context& context, const Conv2dForward& args) {
  expect_operand_types("conv2d", {"x", args.x}, {"weight", args.weight}, {"y", args.y});
  if (args.g.n > 0) convolve(context, args.g, ConvolutionPass::forward, args.x, args.weight, {args.y});
}

void conv2d_dgrad(const Context& context, const Conv2dDgrad& args) {
  expect_operand_types("conv2d", {"dy", args.dy}, {"weight", args.weight}, {"dx", args.dx.view});
  if (args.g.n > 0) convolve(context, args.g, ConvolutionPass::dgrad, args.dy, args.weight, args.dx);
}

void conv2d_wgrad(const Context& context, const Conv2dWgrad& args) {
  expect_operand_types("conv2d", {"dy", args.dy}, {"x", args.x}, {"dweight", args.dweight.view});
  const View& dweight = args.dweight.view;
  if (args.g.n > 0) return convolve(context, args.g, ConvolutionPass::wgrad, args.dy, args.x, args.dweight);
  if (!args.dweight.accumulate) context.backend().fill_zero(dweight.data, size_of(dweight));
}

}  // namespace kernels::cuda
