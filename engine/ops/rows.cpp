#include "engine/ops/rows.h"

#include "engine/autograd.h"
#include "kernels/elementwise.h"

namespace engine {
namespace {

void copy(const Tensor& from, const Tensor& to) {
  from.context().backend().copy(View(to).data, View(from).data, from.bytes(), CopyKind::device_to_device);
}

/// Rows [begin, begin + count) of a view.
View rows(const View& x, std::int64_t begin, std::int64_t count) {
  const std::int64_t row = x.shape.with_rows(1).elements() * static_cast<std::int64_t>(size_of(x.dtype));
  return {static_cast<std::byte*>(x.data) + begin * row, x.dtype, x.shape.with_rows(count)};
}

}  // namespace

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
    const View inside = rows(dx.view, begin, count);
    if (!dx.accumulate) {
      for (const View& outside : {rows(dx.view, 0, begin), rows(dx.view, begin + count, n - begin - count)}) {
        kernels::fill(dy.context(), {.value = 0, .y = outside});
      }
    }
    kernels::scale(dy.context(), {.x = dy, .y = {.view = inside, .accumulate = dx.accumulate}});
  });
}

}  // namespace engine
