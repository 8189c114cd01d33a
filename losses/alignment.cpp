#include "losses/alignment.h"

#include "engine/autograd.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"

namespace losses {

using engine::Grads;
using engine::Tensor;

Tensor alignment(const Tensor& z, float factor) {
  EXPECTS(z.shape().rank() == 2 && z.shape()[0] > 0 && z.shape()[0] % 2 == 0,
          "alignment: z must be [2n,d], the rows of view 1 above those of view 2, got ", z.shape());
  const std::int64_t n = z.shape()[0] / 2;
  const Tensor y = Tensor::empty(z.context(), {});
  kernels::squared_distance(z.context(), {.a = z.narrow(0, n), .b = z.narrow(n, n), .factor = factor, .y = y});
  return with_grad(y, {z}, [z = z.detach(), n, factor](const Tensor& dy, Grads& d) {
    const engine::Destination dz = d.into(0);
    const Tensor view1 = z.narrow(0, n), view2 = z.narrow(n, n);
    const auto write = [&](const Tensor& own, const Tensor& other, const engine::Destination& to) {
      kernels::scaled_difference(dy.context(), {.a = own, .b = other, .scalar = dy, .alpha = 2 * factor, .y = to});
    };
    write(view1, view2, dz.narrow(0, n));
    write(view2, view1, dz.narrow(n, n));
  });
}

}  // namespace losses
