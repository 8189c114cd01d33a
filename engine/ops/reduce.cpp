#include "engine/ops/reduce.h"

#include "engine/autograd.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"

namespace engine {
namespace {

Tensor scaled_sum(const Tensor& x, float factor) {
  Tensor y = Tensor::empty(x.context(), {});
  kernels::sum(x.context(), {.x = x, .factor = factor, .y = y});
  return with_grad(y, {x}, [factor](const Tensor& dy, Grads& d) {
    kernels::broadcast(dy.context(), {.scalar = dy, .alpha = factor, .y = d.into(0)});
  });
}

}  // namespace

Tensor sum(const Tensor& x) { return scaled_sum(x, 1); }

Tensor mean(const Tensor& x) {
  EXPECTS(x.elements() > 0, "mean: expected at least one element, got shape ", x.shape());
  return scaled_sum(x, 1 / static_cast<float>(x.elements()));
}

}  // namespace engine
