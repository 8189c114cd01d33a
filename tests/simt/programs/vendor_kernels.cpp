// Replaces kernels/cuda/conv2d.cpp and linear.cpp: the CPU's kernels compute in f32, in stream order, what cuDNN and
// cuBLASLt compute on a GPU.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "kernels/conv2d.h"
#include "kernels/convert.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/capture.h"
#include "kernels/cuda/operand_types.h"
#include "kernels/linear.h"
#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/stream.h"

namespace kernels::cuda {
namespace {

const Context& host() {
  static const Context host = make_context({.device = {}, .threads = 1});
  return host;
}

std::size_t size_of(const ConstView& view) { return static_cast<std::size_t>(bytes_of(view)); }

/// A device tensor as an f32 operand for the CPU's kernels.
class Operand {
 public:
  explicit Operand(const ConstView& view) : view_(view) {
    simt::touch_from_host(view.data, size_of(view), false);
    if (!view || view.dtype == Dtype::f32) return;
    copy_.resize(static_cast<std::size_t>(view.shape.elements()));
    const View f32{copy_.data(), Dtype::f32, view.shape};
    cpu::convert(host(), {.x = view, .y = {f32}});
    view_ = f32;
  }
  Operand(const Operand&) = delete;
  operator ConstView() const { return view_; }

 private:
  ConstView view_;
  std::vector<float> copy_;
};

/// Calls `compute` with an f32 buffer and converts the result to the destination.
template <class Compute>
void into(const Destination& to, const Compute& compute) {
  std::vector<float> memory(static_cast<std::size_t>(to.view.shape.elements()));
  const View f32{memory.data(), Dtype::f32, to.view.shape};
  compute(f32);
  if (to.accumulate) simt::touch_from_host(to.view.data, size_of(to.view), false);
  simt::touch_from_host(to.view.data, size_of(to.view), true);
  cpu::convert(host(), {.x = f32, .y = to});
}

/// Vendor libraries make a plan for each new problem, which is not possible in a captured step.
void expect_plan(const Context& context, const char* operation, const Shape& a, const Shape& b) {
  static std::set<std::string> known;
  const std::string problem = engine::concat(operation, " ", a, " ", b);
  if (known.contains(problem)) return;
  expect_no_capture(context, problem);
  known.insert(problem);
}

}  // namespace

void conv2d_forward(const Context& context, const Conv2dForward& args) {
  expect_operand_types("conv2d", {"x", args.x}, {"weight", args.weight}, {"y", args.y});
  expect_plan(context, "conv2d_forward", args.x.shape, args.weight.shape);
  simt::stream(cuda::stream(context)).issue([g = args.g, x_view = args.x, weight_view = args.weight, y_view = args.y] {
    const Operand x(x_view), weight(weight_view);
    into({y_view}, [&](const View& y) { cpu::conv2d_forward(host(), {.g = g, .x = x, .weight = weight, .y = y}); });
  });
}

void conv2d_dgrad(const Context& context, const Conv2dDgrad& args) {
  expect_operand_types("conv2d", {"dy", args.dy}, {"weight", args.weight}, {"dx", args.dx.view});
  expect_plan(context, "conv2d_dgrad", args.dy.shape, args.weight.shape);
  simt::stream(cuda::stream(context)).issue([=] {
    const Operand dy(args.dy), weight(args.weight);
    into(args.dx,
         [&](const View& dx) { cpu::conv2d_dgrad(host(), {.g = args.g, .dy = dy, .weight = weight, .dx = {dx}}); });
  });
}

void conv2d_wgrad(const Context& context, const Conv2dWgrad& args) {
  expect_operand_types("conv2d", {"dy", args.dy}, {"x", args.x}, {"dweight", args.dweight.view});
  expect_plan(context, "conv2d_wgrad", args.dy.shape, args.x.shape);
  simt::stream(cuda::stream(context)).issue([=] {
    const Operand dy(args.dy), x(args.x);
    into(args.dweight, [&](const View& dweight) {
      cpu::conv2d_wgrad(host(), {.g = args.g, .dy = dy, .x = x, .dweight = {dweight}});
    });
  });
}

void linear_forward(const Context& context, const LinearForward& args) {
  expect_operand_types("linear", {"x", args.x}, {"weight", args.weight}, {"y", args.y});
  expect_plan(context, "linear_forward", args.x.shape, args.weight.shape);
  simt::stream(cuda::stream(context)).issue([=] {
    const Operand x(args.x), weight(args.weight), bias(args.bias);
    into({args.y},
         [&](const View& y) { cpu::linear_forward(host(), {.x = x, .weight = weight, .bias = bias, .y = y}); });
  });
}

void linear_dgrad(const Context& context, const LinearDgrad& args) {
  expect_operand_types("linear", {"dy", args.dy}, {"weight", args.weight}, {"dx", args.dx.view});
  expect_plan(context, "linear_dgrad", args.dy.shape, args.weight.shape);
  simt::stream(cuda::stream(context)).issue([=] {
    const Operand dy(args.dy), weight(args.weight);
    into(args.dx, [&](const View& dx) { cpu::linear_dgrad(host(), {.dy = dy, .weight = weight, .dx = {dx}}); });
  });
}

void linear_wgrad(const Context& context, const LinearWgrad& args) {
  expect_operand_types("linear", {"dy", args.dy}, {"x", args.x}, {"dweight", args.dweight.view});
  expect_plan(context, "linear_wgrad", args.dy.shape, args.x.shape);
  simt::stream(cuda::stream(context)).issue([=] {
    const Operand dy(args.dy), x(args.x);
    into(args.dweight,
         [&](const View& dweight) { cpu::linear_wgrad(host(), {.dy = dy, .x = x, .dweight = {dweight}}); });
  });
}

}  // namespace kernels::cuda
