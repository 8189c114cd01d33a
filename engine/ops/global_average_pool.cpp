#include "engine/ops/global_average_pool.h"

#include "engine/autograd.h"
#include "kernels/global_average_pool.h"

namespace engine {

Tensor global_average_pool(const Tensor& x) {
  const Shape& shape = x.shape();
  EXPECTS(shape.rank() == 4 && shape[1] > 0 && shape[2] > 0,
          "global_average_pool: x must be [N,H,W,C] with at least one pixel, got ", shape);
  Tensor y = Tensor::empty(x.context(), {shape[0], shape[3]}, x.dtype());
  kernels::global_average_pool_forward(x.context(), {.x = x, .y = y});
  return with_grad(y, {x}, [](const Tensor& dy, Grads& d) {
    kernels::global_average_pool_backward(dy.context(), {.dy = dy, .dx = d.into(0)});
  });
}

}  // namespace engine
