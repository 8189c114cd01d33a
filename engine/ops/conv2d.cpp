#include "engine/ops/conv2d.h"

#include "engine/autograd.h"
#include "kernels/conv2d.h"

namespace engine {
namespace {

kernels::Conv2dGeometry geometry(const Shape& x, const Shape& weight, Conv2dOptions options) {
  EXPECTS(x.rank() == 4 && weight.rank() == 4 && x[3] == weight[3],
          "conv2d: x must be [N,H,W,C] and weight [K,R,S,C] with the same C, got x ", x, " and weight ", weight);
  EXPECTS(options.stride > 0 && options.pad >= 0,
          "conv2d: stride must be positive and padding not negative, got stride ", options.stride, " and padding ",
          options.pad);
  EXPECTS(x[1] + 2 * options.pad >= weight[1] && x[2] + 2 * options.pad >= weight[2], "conv2d: the ", weight[1], "x",
          weight[2], " window does not fit into an image of ", x[1], "x", x[2], " with padding ", options.pad);
  return {.n = x[0],
          .h = x[1],
          .w = x[2],
          .c = x[3],
          .k = weight[0],
          .r = weight[1],
          .s = weight[2],
          .stride = options.stride,
          .pad = options.pad};
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, Conv2dOptions options) {
  const auto g = geometry(x.shape(), weight.shape(), options);
  Tensor y = Tensor::empty(x.context(), {g.n, g.p(), g.q(), g.k}, x.dtype());
  kernels::conv2d_forward(x.context(), {.g = g, .x = x, .weight = weight, .y = y});
  return with_grad(y, {x, weight}, [x = x.detach(), weight = weight.detach(), g](const Tensor& dy, Grads& d) {
    if (d.wants(0)) kernels::conv2d_dgrad(dy.context(), {.g = g, .dy = dy, .weight = weight, .dx = d.into(0)});
    if (d.wants(1)) kernels::conv2d_wgrad(dy.context(), {.g = g, .dy = dy, .x = x, .dweight = d.into(1)});
  });
}

}  // namespace engine
