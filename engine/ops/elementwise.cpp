#include "engine/ops/elementwise.h"

#include "engine/autograd.h"
#include "kernels/elementwise.h"

namespace engine {
namespace {

void expect_alike(const char* op, const Tensor& a, const Tensor& b) {
  EXPECTS(a.shape() == b.shape() && a.dtype() == b.dtype(), op, ": a and b must have the same shape and dtype, got ",
          a.shape(), " of ", name(a.dtype()), " and ", b.shape(), " of ", name(b.dtype()));
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  expect_alike("add", a, b);
  Tensor y = Tensor::empty(a.context(), a.shape(), a.dtype());
  kernels::add(a.context(), {.a = a, .b = b, .y = y});
  return with_grad(y, {a, b}, [](const Tensor& dy, Grads& d) {
    if (d.wants(0)) d.pass(0, dy);
    if (d.wants(1)) d.pass(1, dy);
  });
}

Tensor multiply(const Tensor& a, const Tensor& b) {
  expect_alike("multiply", a, b);
  Tensor y = Tensor::empty(a.context(), a.shape(), a.dtype());
  kernels::multiply(a.context(), {.a = a, .b = b, .y = {y}});
  return with_grad(y, {a, b}, [a = a.detach(), b = b.detach()](const Tensor& dy, Grads& d) {
    if (d.wants(0)) kernels::multiply(dy.context(), {.a = dy, .b = b, .y = d.into(0)});
    if (d.wants(1)) kernels::multiply(dy.context(), {.a = dy, .b = a, .y = d.into(1)});
  });
}

Tensor scale(const Tensor& x, float alpha) {
  Tensor y = Tensor::empty(x.context(), x.shape(), x.dtype());
  kernels::scale(x.context(), {.x = x, .alpha = alpha, .y = {y}});
  return with_grad(y, {x}, [alpha](const Tensor& dy, Grads& d) {
    kernels::scale(dy.context(), {.x = dy, .alpha = alpha, .y = d.into(0)});
  });
}

Tensor relu(const Tensor& x) {
  Tensor y = Tensor::empty(x.context(), x.shape(), x.dtype());
  kernels::relu_forward(x.context(), {.x = x, .y = y});
  return with_grad(y, {x}, [y](const Tensor& dy, Grads& d) {
    kernels::relu_backward(dy.context(), {.dy = dy, .y = y, .dx = d.into(0)});
  });
}

}  // namespace engine
