#include "engine/ops/ranks.h"

#include "engine/autograd.h"
#include "kernels/collectives.h"
#include "kernels/elementwise.h"

namespace engine {

Tensor mean_over_ranks(const Tensor& x) {
  const Context& context = x.context();
  if (context.ranks() == 1) return x;
  EXPECTS(x.elements() == 1 && x.dtype() == Dtype::f32, "mean_over_ranks: expected one f32 number, got ",
          name(x.dtype()), " ", x.shape());
  const float share = 1 / static_cast<float>(context.ranks());
  const Tensor y = Tensor::empty(context, x.shape());
  kernels::scale(context, {.x = x, .alpha = share, .y = {y}});
  kernels::all_reduce(context, {.x = y});
  return with_grad(y, {x}, [share](const Tensor& dy, Grads& d) {
    kernels::scale(dy.context(), {.x = dy, .alpha = share, .y = d.into(0)});
  });
}

}  // namespace engine
