#include "kernels/conv2d.h"

#include <limits>
#include <optional>

#include "kernels/batch_norm.h"
#include "kernels/convert.h"
#include "kernels/cuda/channel_sums.h"
#include "kernels/cuda/convolution_choices.h"
#include "kernels/cuda/operand_types.h"
#include "kernels/cuda/workspace.h"

namespace kernels::cuda {
namespace {

std::size_t size_of(const ConstView& view) { return static_cast<std::size_t>(bytes_of(view)); }

static_assert(kVectorBytes == ConvolutionPlan::kAlignment);

/// An operand where cuDNN can read it: a part of a tensor that begins anywhere is copied.
class Operand {
 public:
  Operand(const Context& context, const ConstView& view) : data_(view.data) {
    if (vector_aligned(view.data)) return;
    data_ = copy_.emplace(context, size_of(view)).as<void>();
    context.backend().copy(copy_->as<void>(), view.data, size_of(view), engine::CopyKind::device_to_device);
  }
  const void* data() const { return data_; }

 private:
  std::optional<engine::Scratch> copy_;
  const void* data_;
};

/// One call of a kernel: a and b are its operands in the order of `ConvolutionPass`: x and weight, dy and weight, dy
/// and x.
class Convolution {
 public:
  Convolution(const Context& context, const ConvolutionProblem& problem, const ConstView& a, const ConstView& b)
      : context_(context), library_(convolutions(context)), problem_(problem), a_(context, a), b_(context, b) {}

  /// Computes by the best plan known.
  void into(const Destination& to) const {
    into(to, best([&](const ConvolutionPlan& plan) { return seconds_of([&](View y) { into({y}, plan); }, to.view); }));
  }

  const ConvolutionPlan& best(const PlanSeconds& seconds) const { return library_.plan(context_, problem_, seconds); }

  /// Of a run to elsewhere; too much memory is too long.
  template <class Run>
  double seconds_of(const Run& run_to, View to) const {
    try {
      const engine::Scratch elsewhere(context_, size_of(to));
      to.data = elsewhere.as<void>();
      return 1e-3 * context_.backend().time_ms([&] { run_to(to); });
    } catch (const engine::Error&) { return std::numeric_limits<double>::infinity(); }
  }

  void run(const ConvolutionPlan& plan, void* result, const View& sums = {}) const {
    const Workspace workspace(context_, plan.workspace_bytes);
    const auto compute = [&](ConvolutionPlan::Tensors tensors) {
      if (sums) {
        tensors.sum = sums.as<float>();
        tensors.squares = sums.as<float>() + problem_.g.k;
      }
      plan.run(library_.handle(), tensors, workspace.data());
    };
    switch (problem_.pass) {
      case ConvolutionPass::forward: return compute({.x = a_.data(), .weight = b_.data(), .y = result});
      case ConvolutionPass::dgrad: return compute({.x = result, .weight = b_.data(), .y = a_.data()});
      case ConvolutionPass::wgrad: return compute({.x = b_.data(), .weight = result, .y = a_.data()});
    }
  }

 private:
  void into(const Destination& to, const ConvolutionPlan& plan) const {
    if (!to.accumulate && plan.writes == to.view.dtype && vector_aligned(to.view.data)) return run(plan, to.view.data);
    const View result{nullptr, plan.writes, to.view.shape};
    const engine::Scratch memory(context_,
                                 static_cast<std::size_t>(result.shape.elements()) * engine::size_of(result.dtype));
    run(plan, memory.as<void>());
    convert(context_, Convert{.x = {memory.as<void>(), result.dtype, result.shape}, .y = to});
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

/// What batch norm does with y, to be timed with the convolution.
class Statistics {
 public:
  Statistics(const Context& context, std::int64_t channels)
      : context_(context), channels_(channels), memory_(engine::Scratch::floats(context, 4 * channels + 1)) {
    const auto bytes = static_cast<std::size_t>(4 * channels + 1) * sizeof(float);
    context.backend().fill_zero(memory_.as<void>(), bytes);
  }

  void compute(const ConstView& y, const ConstView& sums) const {
    const auto floats = [&](std::int64_t i) {
      return View{memory_.as<float>() + i * channels_, Dtype::f32, {channels_}};
    };
    batch_norm_statistics(context_, {.x = y,
                                     .sums = sums,
                                     .mean = floats(0),
                                     .inv_std = floats(1),
                                     .running_mean = floats(2),
                                     .running_variance = floats(3),
                                     .batches = {memory_.as<float>() + 4 * channels_, Dtype::i32, {}},
                                     .epsilon = 1e-5f,
                                     .momentum = 0.9f,
                                     .unbiased = false});
  }

 private:
  const Context& context_;
  std::int64_t channels_;
  engine::Scratch memory_;
};

/// y and its sums at once, if that is known to be faster than a convolution and batch norm's pass over y.
bool convolve_and_sum(const Context& context, const Conv2dForward& args) {
  const ConvolutionProblem apart = problem_of(context, args.g, ConvolutionPass::forward, args.x.dtype, args.y.dtype);
  ConvolutionProblem together = apart;
  together.sums = true;
  const Convolution convolution(context, together, args.x, args.weight);
  const View& sums = args.sums->view;
  const auto compute = [&](const ConvolutionPlan& plan, const View& y) {
    // cuDNN adds to them, and does not say whether it begins at 0.
    context.backend().fill_zero(sums.data, size_of(sums));
    convolution.run(plan, y.data, sums);
  };
  const ConvolutionPlan& plan = convolution.best([&](const ConvolutionPlan& candidate) {
    return convolution.seconds_of(
        [&](const View& y) {
          const Statistics statistics(context, args.g.k);
          if (candidate.apart()) {
            Convolution(context, apart, args.x, args.weight).into({y});
            statistics.compute(y, {});
          } else {
            compute(candidate, y);
            statistics.compute(y, sums);
          }
        },
        args.y);
  });
  if (plan.apart()) return false;
  compute(plan, args.y);
  args.sums->known = true;
  return true;
}

}  // namespace

void conv2d_forward(const Context& context, const Conv2dForward& args) {
  expect_operand_types("conv2d", {"x", args.x}, {"weight", args.weight}, {"y", args.y});
  if (args.g.n == 0 || (may_sum(context, args) && convolve_and_sum(context, args))) return;
  convolve(context, args.g, ConvolutionPass::forward, args.x, args.weight, {args.y});
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
