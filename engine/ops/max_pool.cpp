#include "engine/ops/max_pool.h"

#include <algorithm>

#include "engine/autograd.h"
#include "kernels/max_pool.h"
#include "kernels/runtime/rounding.h"

namespace engine {
namespace {

constexpr std::int64_t kLargestWindow = 16;  // a position in the window fits one byte

kernels::PoolGeometry geometry(const Shape& x, const MaxPoolOptions& options) {
  const auto& [window, stride, rows, columns] = options;
  EXPECTS(x.rank() == 4, "max_pool: x must be [N,H,W,C], got ", x);
  EXPECTS(window > 0 && window <= kLargestWindow && stride > 0,
          "max_pool: the window must be from 1 to 16 wide and the stride positive, got window ", window, " and stride ",
          stride);
  for (const MaxPoolOptions::Padding& padding : {rows, columns}) {
    EXPECTS(padding.before >= 0 && padding.before < window && padding.after >= 0 && padding.after < window,
            "max_pool: padding must be from 0 to ", window - 1, " for a window of ", window, ", got ", padding.before,
            " before and ", padding.after, " after");
  }
  EXPECTS(x[1] > 0 && x[2] > 0 && x[1] + rows.before + rows.after >= window &&
              x[2] + columns.before + columns.after >= window,
          "max_pool: the ", window, "x", window, " window does not fit into an image of ", x[1], "x", x[2],
          " with its padding");
  return {.n = x[0],
          .h = x[1],
          .w = x[2],
          .c = x[3],
          .window = window,
          .stride = stride,
          .rows = {rows.before, rows.after},
          .columns = {columns.before, columns.after}};
}

}  // namespace

MaxPoolOptions::Padding MaxPoolOptions::same(std::int64_t size, std::int64_t window, std::int64_t stride) {
  const std::int64_t outputs = ceil_div(size, stride);
  const std::int64_t total = std::max<std::int64_t>(0, (outputs - 1) * stride + window - size);
  return {total / 2, total - total / 2};
}

Tensor max_pool(const Tensor& x, const MaxPoolOptions& options) {
  const auto g = geometry(x.shape(), options);
  const Shape pooled{g.n, g.p(), g.q(), g.c};
  Tensor y = Tensor::empty(x.context(), pooled, x.dtype());
  const Tensor taps = x.wants_gradient() ? Tensor::empty(x.context(), pooled, Dtype::u8) : Tensor();
  kernels::max_pool_forward(x.context(), {.g = g, .x = x, .y = y, .taps = taps});
  return with_grad(y, {x}, [taps, g](const Tensor& dy, Grads& d) {
    kernels::max_pool_backward(dy.context(), {.g = g, .dy = dy, .taps = taps, .dx = d.into(0)});
  });
}

}  // namespace engine
