#include "engine/ops/convert.h"

#include "engine/autograd.h"
#include "kernels/convert.h"

namespace engine {

Tensor convert(const Tensor& x, Dtype dtype) {
  if (x.dtype() == dtype) return x;
  Tensor y = Tensor::empty(x.context(), x.shape(), dtype);
  kernels::convert(x.context(), {.x = x, .y = {y}});
  return with_grad(y, {x},
                   [](const Tensor& dy, Grads& d) { kernels::convert(dy.context(), {.x = dy, .y = d.into(0)}); });
}

}  // namespace engine
