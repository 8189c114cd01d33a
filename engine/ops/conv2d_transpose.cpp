#include "engine/ops/conv2d_transpose.h"

#include "engine/autograd.h"
#include "kernels/add_bias.h"
#include "kernels/conv2d.h"
#include "kernels/linear.h"

namespace engine {
namespace {

/// The geometry of the convolution whose adjoint this is: y is its image, x its output.
kernels::Conv2dGeometry geometry(const Shape& x, const Shape& weight, const Conv2dTransposeOptions& options) {
  EXPECTS(x.rank() == 4 && weight.rank() == 4 && x[3] == weight[0],
          "conv2d_transpose: x must be [N,P,Q,K] and weight [K,R,S,C] with the same K, got x ", x, " and weight ",
          weight);
  const std::int64_t stride = options.stride, pad = options.pad;
  EXPECTS(stride > 0 && pad >= 0, "conv2d_transpose: stride must be positive and padding not negative, got stride ",
          stride, " and padding ", pad);
  const std::int64_t lowest_h = (x[1] - 1) * stride + weight[1] - 2 * pad,
                     lowest_w = (x[2] - 1) * stride + weight[2] - 2 * pad;
  const std::int64_t h = options.height.value_or(lowest_h), w = options.width.value_or(lowest_w);
  const auto fits = [&](std::int64_t size, std::int64_t lowest) {
    return size > 0 && size >= lowest && size < lowest + stride;
  };
  EXPECTS(fits(h, lowest_h) && fits(w, lowest_w), "conv2d_transpose: a ", weight[1], "x", weight[2],
          " window with stride ", stride, " and padding ", pad, " makes ", x[1], "x", x[2], " into ", lowest_h, " to ",
          lowest_h + stride - 1, " rows and ", lowest_w, " to ", lowest_w + stride - 1, " columns, not into ", h, "x",
          w);
  return {.n = x[0],
          .h = h,
          .w = w,
          .c = weight[3],
          .k = weight[0],
          .r = weight[1],
          .s = weight[2],
          .stride = stride,
          .pad = pad};
}

}  // namespace

Tensor conv2d_transpose(const Tensor& x, const Tensor& weight, const Tensor& bias, Conv2dTransposeOptions options) {
  const auto g = geometry(x.shape(), weight.shape(), options);
  EXPECTS(!bias || bias.shape() == Shape({g.c}), "conv2d_transpose: bias must be [", g.c,
          "] like weight's last dimension, got ", bias.shape());
  Tensor y = Tensor::empty(x.context(), {g.n, g.h, g.w, g.c}, x.dtype());
  kernels::conv2d_dgrad(x.context(), {.g = g, .dy = x, .weight = weight, .dx = {y}});
  if (bias) kernels::add_bias(x.context(), {.bias = bias, .y = y});
  return with_grad(y, {x, weight, bias}, [x = x.detach(), weight = weight.detach(), g](const Tensor& dy, Grads& d) {
    const Context& context = dy.context();
    if (d.wants(0)) {
      const Tensor dx = Tensor::empty(context, x.shape(), x.dtype());
      kernels::conv2d_forward(context, {.g = g, .x = dy, .weight = weight, .y = dx});
      d.pass(0, dx);
    }
    if (d.wants(1)) kernels::conv2d_wgrad(context, {.g = g, .dy = x, .x = dy, .dweight = d.into(1)});
    if (d.wants(2)) { kernels::bias_grad(context, {.dy = dy.view_as({g.n * g.h * g.w, g.c}), .dbias = d.into(2)}); }
  });
}

}  // namespace engine
