#include "engine/ops/linear.h"

#include "engine/autograd.h"
#include "engine/ops/convert.h"
#include "kernels/linear.h"

namespace engine {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, LinearOptions options) {
  EXPECTS(x.shape().rank() == 2 && weight.shape().rank() == 2 && x.shape()[1] == weight.shape()[1],
          "linear: x must be [N,C] and weight [K,C] with the same C, got x ", x.shape(), " and weight ",
          weight.shape());
  EXPECTS(!bias || bias.shape() == Shape({weight.shape()[0]}), "linear: bias must be [", weight.shape()[0],
          "] like weight's rows, got ", bias.shape());
  const Dtype dtype = options.f32_output ? Dtype::f32 : x.dtype();
  Tensor y = Tensor::empty(x.context(), {x.shape()[0], weight.shape()[0]}, dtype);
  kernels::linear_forward(x.context(), {.x = x, .weight = weight, .bias = bias, .y = y});
  return with_grad(y, {x, weight, bias}, [x = x.detach(), weight = weight.detach()](const Tensor& dy, Grads& d) {
    const Tensor factor = convert(dy, x.dtype());
    if (d.wants(0)) kernels::linear_dgrad(dy.context(), {.dy = factor, .weight = weight, .dx = d.into(0)});
    if (d.wants(1)) kernels::linear_wgrad(dy.context(), {.dy = factor, .x = x, .dweight = d.into(1)});
    if (d.wants(2)) kernels::bias_grad(dy.context(), {.dy = dy, .dbias = d.into(2)});
  });
}

}  // namespace engine
