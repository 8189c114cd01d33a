#include "engine/ops/reshape.h"

#include "engine/autograd.h"

namespace engine {

Tensor reshape(const Tensor& x, Shape shape) {
  return with_grad(x.view_as(shape), {x}, [](const Tensor& dy, Grads& d) { d.pass(0, dy); });
}

Tensor flatten(const Tensor& x) {
  const Shape& shape = x.shape();
  EXPECTS(shape.rank() > 0, "flatten: expected at least one dimension, got a scalar");
  return reshape(x, {shape[0], shape.with_rows(1).elements()});
}

}  // namespace engine
