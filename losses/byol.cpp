#include "losses/byol.h"

#include "engine/autograd.h"
#include "engine/ops/l2_normalize.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"

namespace losses {

using engine::Grads;
using engine::Tensor;

Tensor byol(const Tensor& predictions, const Tensor& targets) {
  const engine::Shape& shape = predictions.shape();
  EXPECTS(shape.rank() == 2 && shape[0] > 0 && shape[0] % 2 == 0 && shape == targets.shape() &&
              predictions.dtype() == targets.dtype(),
          "byol: predictions and targets must be [2n,d], the rows of view 1 above those of view 2, got ", shape,
          " and ", targets.shape());
  const engine::Context& context = predictions.context();
  const std::int64_t n = shape[0] / 2;
  const float factor = 1 / static_cast<float>(n);
  const Tensor u = engine::l2_normalize(predictions), t = engine::l2_normalize(targets.detach());
  const Tensor directions = Tensor::empty(context, {2}), y = Tensor::empty(context, {});
  const auto distance = [&](std::int64_t view, std::int64_t other) {
    kernels::squared_distance(
        context,
        {.a = u.narrow(view * n, n), .b = t.narrow(other * n, n), .factor = factor, .y = directions.narrow(view, 1)});
  };
  distance(0, 1);
  distance(1, 0);
  kernels::add(context, {.a = directions.narrow(0, 1), .b = directions.narrow(1, 1), .y = y});
  return with_grad(y, {u}, [u = u.detach(), t, n, factor](const Tensor& dy, Grads& d) {
    const engine::Destination du = d.into(0);
    const auto write = [&](std::int64_t view, std::int64_t other) {
      kernels::scaled_difference(dy.context(), {.a = u.narrow(view * n, n),
                                                .b = t.narrow(other * n, n),
                                                .scalar = dy,
                                                .alpha = 2 * factor,
                                                .y = du.narrow(view * n, n)});
    };
    write(0, 1);
    write(1, 0);
  });
}

}  // namespace losses
