#include "engine/ops/l2_normalize.h"

#include "engine/autograd.h"
#include "kernels/l2_normalize.h"

namespace engine {

Tensor l2_normalize(const Tensor& x) {
  EXPECTS(x.shape().rank() == 2, "l2_normalize: x must be [N,d], got ", x.shape());
  Tensor y = Tensor::empty(x.context(), x.shape(), x.dtype());
  Tensor inv_norm = Tensor::empty(x.context(), {x.shape()[0]});
  kernels::l2_normalize_forward(x.context(), {.x = x, .y = y, .inv_norm = inv_norm});
  return with_grad(y, {x}, [y, inv_norm](const Tensor& dy, Grads& d) {
    kernels::l2_normalize_backward(dy.context(), {.dy = dy, .y = y, .inv_norm = inv_norm, .dx = d.into(0)});
  });
}

}  // namespace engine
