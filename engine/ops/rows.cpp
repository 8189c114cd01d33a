#include "engine/ops/rows.h"

#include "engine/autograd.h"
#include "kernels/elementwise.h"

namespace engine {
Tensor concat_rows(const Tensor& a, const Tensor& b) {
  EXPECTS(a.shape().rank() > 0 && b.shape().rank() > 0 && a.shape().with_rows(0) == b.shape().with_rows(0) &&
              a.dtype() == b.dtype(),
          "concat_rows: a and b must agree in dtype and in all dimensions but the first, got ", a.shape(), " of ",
          name(a.dtype()), " and ", b.shape(), " of ", name(b.dtype()));
  const std::int64_t na = a.shape()[0], nb = b.shape()[0];
  Tensor y = Tensor::empty(a.context(), a.shape().with_rows(na + nb), a.dtype());
  {
    const ProfileRange range(a.context(), "concat_rows", {.bytes = 2 * static_cast<std::int64_t>(y.bytes())});
    copy(a, y.narrow(0, na));
    copy(b, y.narrow(na, nb));
  }
  return with_grad(y, {a, b}, [na, nb](const Tensor& dy, Grads& d) {
    if (d.wants(0)) d.pass(0, dy.narrow(0, na));
    if (d.wants(1)) d.pass(1, dy.narrow(na, nb));
  });
}

Tensor slice_rows(const Tensor& x, std::int64_t begin, std::int64_t count) {
  Tensor y = x.narrow(begin, count);
  return with_grad(y, {x}, [begin, count](const Tensor& dy, Grads& d) {
    const Destination dx = d.into(0);
    const std::int64_t n = dx.view.shape[0];
    if (!dx.accumulate) {
      for (const View& outside : {dx.view.narrow(0, begin), dx.view.narrow(begin + count, n - begin - count)}) {
        kernels::fill(dy.context(), {.value = 0, .y = outside});
      }
    }
    kernels::scale(dy.context(), {.x = dy, .y = dx.narrow(begin, count)});
  });
}

}  // namespace engine
