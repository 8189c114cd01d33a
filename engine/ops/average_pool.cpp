#include "engine/ops/average_pool.h"

#include "engine/autograd.h"
#include "kernels/average_pool.h"

namespace engine {
namespace {

kernels::PoolGeometry geometry(const Shape& x, const AveragePoolOptions& options) {
  const std::int64_t window = options.window, after = options.after;
  EXPECTS(x.rank() == 4, "average_pool: x must be [N,H,W,C], got ", x);
  EXPECTS(window > 0 && options.stride > 0, "average_pool: window and stride must be positive, got window ", window,
          " and stride ", options.stride);
  EXPECTS(after >= 0 && after < window, "average_pool: padding must be from 0 to ", window - 1, " for a window of ",
          window, ", got ", after);
  EXPECTS(x[1] > 0 && x[2] > 0 && x[1] + after >= window && x[2] + after >= window, "average_pool: the ", window, "x",
          window, " window does not fit into an image of ", x[1], "x", x[2], " with its padding");
  return {.n = x[0],
          .h = x[1],
          .w = x[2],
          .c = x[3],
          .window = window,
          .stride = options.stride,
          .rows = {.after = after},
          .columns = {.after = after}};
}

}  // namespace

Tensor average_pool(const Tensor& x, const AveragePoolOptions& options) {
  const auto g = geometry(x.shape(), options);
  const bool counts_padding = options.counts_padding;
  Tensor y = Tensor::empty(x.context(), {g.n, g.p(), g.q(), g.c}, x.dtype());
  kernels::average_pool_forward(x.context(), {.g = g, .x = x, .y = y, .counts_padding = counts_padding});
  return with_grad(y, {x}, [g, counts_padding](const Tensor& dy, Grads& d) {
    kernels::average_pool_backward(dy.context(), {.g = g, .dy = dy, .dx = d.into(0), .counts_padding = counts_padding});
  });
}

}  // namespace engine
