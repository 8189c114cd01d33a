#include "kernels/conv2d.h"

#include <chrono>
#include <limits>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/convolution_algorithms.h"
#include "kernels/cpu/direct_convolution.h"
#include "kernels/cpu/loops.h"
#include "kernels/cpu/lowered_bf16_convolution.h"
#include "kernels/cpu/lowered_convolution.h"
#include "kernels/cpu/winograd_convolution.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

void run(const Context& context, const Conv2dForward& args, ConvolutionAlgorithm algorithm) {
  switch (algorithm) {
    case ConvolutionAlgorithm::direct: return direct_forward(context, args, ConvolutionLayout::nhwc);
    case ConvolutionAlgorithm::blocked: return direct_forward(context, args, ConvolutionLayout::blocked);
    case ConvolutionAlgorithm::lowered:
      return (args.x.dtype == Dtype::bf16 ? lowered_bf16_forward : lowered_forward)(context, args);
    case ConvolutionAlgorithm::winograd: return winograd_forward(context, args);
  }
}
void run(const Context& context, const Conv2dDgrad& args, ConvolutionAlgorithm algorithm) {
  switch (algorithm) {
    case ConvolutionAlgorithm::direct: return direct_dgrad(context, args, ConvolutionLayout::nhwc);
    case ConvolutionAlgorithm::blocked: return direct_dgrad(context, args, ConvolutionLayout::blocked);
    case ConvolutionAlgorithm::lowered:
      return (args.dy.dtype == Dtype::bf16 ? lowered_bf16_dgrad : lowered_dgrad)(context, args);
    case ConvolutionAlgorithm::winograd: return winograd_dgrad(context, args);
  }
}
void run(const Context& context, const Conv2dWgrad& args, ConvolutionAlgorithm algorithm) {
  switch (algorithm) {
    case ConvolutionAlgorithm::direct: return direct_wgrad(context, args, ConvolutionLayout::nhwc);
    case ConvolutionAlgorithm::blocked: return direct_wgrad(context, args, ConvolutionLayout::blocked);
    case ConvolutionAlgorithm::lowered:
      return (args.dy.dtype == Dtype::bf16 ? lowered_bf16_wgrad : lowered_wgrad)(context, args);
    case ConvolutionAlgorithm::winograd: return winograd_wgrad(context, args);
  }
}

// Size and address of the result, which timing replaces by temporary memory.
std::size_t output_bytes(const Conv2dForward& args) { return static_cast<std::size_t>(bytes_of(ConstView(args.y))); }
std::size_t output_bytes(const Conv2dDgrad& args) {
  return static_cast<std::size_t>(bytes_of(ConstView(args.dx.view)));
}
std::size_t output_bytes(const Conv2dWgrad& args) {
  return static_cast<std::size_t>(bytes_of(ConstView(args.dweight.view)));
}
void redirect(Conv2dForward& args, void* to) { args.y.data = to; }
void redirect(Conv2dDgrad& args, void* to) { args.dx.view.data = to; }
void redirect(Conv2dWgrad& args, void* to) { args.dweight.view.data = to; }

template <class Args>
void run_fastest(const Context& context, const Args& args, const ConvolutionProblem& problem) {
  const auto seconds = [&](ConvolutionAlgorithm algorithm) {
    const auto begin = std::chrono::steady_clock::now();
    const auto since = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    double time = std::numeric_limits<double>::infinity();
    try {
      const engine::Scratch elsewhere(context, output_bytes(args));
      Args trial = args;
      redirect(trial, elsewhere.as<void>());
      run(context, trial, algorithm);
      time = since();
    } catch (const engine::Error&) {}  // too little memory for this algorithm: its time is infinite
    context.profiler().exclude(since());
    return time;
  };
  run(context, args, backend(context).algorithms().choose(context.algorithms(), problem, seconds));
}

void expect_alike(const char* first, const ConstView& a, const char* second, const ConstView& b) {
  EXPECTS(a.dtype == b.dtype && (a.dtype == Dtype::f32 || a.dtype == Dtype::bf16),
          "conv2d: expected both operands in f32 or both in bf16, got ", first, " ", name(a.dtype), " and ", second,
          " ", name(b.dtype));
}

}  // namespace

void conv2d_forward(const Context& context, const Conv2dForward& args) {
  expect_alike("x", args.x, "weight", args.weight);
  if (args.g.n > 0) run_fastest(context, args, {args.g, ConvolutionPass::forward, args.x.dtype});
}

void conv2d_dgrad(const Context& context, const Conv2dDgrad& args) {
  expect_alike("dy", args.dy, "weight", args.weight);
  if (args.g.n > 0) run_fastest(context, args, {args.g, ConvolutionPass::dgrad, args.dy.dtype});
}

void conv2d_wgrad(const Context& context, const Conv2dWgrad& args) {
  expect_alike("dy", args.dy, "x", args.x);
  EXPECTS(args.dweight.view.dtype == Dtype::f32, "conv2d: the gradient of the weights is f32, also in bf16, got ",
          name(args.dweight.view.dtype));
  if (args.g.n > 0) return run_fastest(context, args, {args.g, ConvolutionPass::wgrad, args.dy.dtype});
  if (!args.dweight.accumulate) write_elements<float>(args.dweight, [](std::int64_t) { return 0.0f; });
}

}  // namespace kernels::cpu
