#include "engine/ops/selective_kernel.h"

#include "engine/autograd.h"
#include "kernels/selective_kernel.h"

namespace engine {
namespace {

void check_streams(const char* operation, const Shape& x) {
  EXPECTS(x.rank() == 4 && x[1] > 0 && x[2] > 0 && x[3] % 2 == 0, operation,
          ": x must be [N,H,W,2C] with at least one pixel, got ", x);
}

}  // namespace

Tensor pool_streams(const Tensor& x) {
  check_streams("pool_streams", x.shape());
  Tensor y = Tensor::empty(x.context(), {x.shape()[0], x.shape()[3] / 2}, x.dtype());
  kernels::stream_pool_forward(x.context(), {.x = x, .y = y});
  return with_grad(y, {x}, [](const Tensor& dy, Grads& d) {
    kernels::stream_pool_backward(dy.context(), {.dy = dy, .dx = d.into(0)});
  });
}

Tensor merge_streams(const Tensor& x, const Tensor& logits) {
  const Shape& shape = x.shape();
  check_streams("merge_streams", shape);
  EXPECTS((logits.shape() == Shape{shape[0], shape[3]}) && logits.dtype() == Dtype::f32,
          "merge_streams: logits must be f32 [", shape[0], ",", shape[3], "] for x ", shape, ", got ",
          name(logits.dtype()), " ", logits.shape());
  Tensor y = Tensor::empty(x.context(), {shape[0], shape[1], shape[2], shape[3] / 2}, x.dtype());
  kernels::stream_merge_forward(x.context(), {.x = x, .logits = logits, .y = y});
  return with_grad(y, {x, logits}, [x = x.detach(), logits = logits.detach()](const Tensor& dy, Grads& d) {
    kernels::stream_merge_backward(dy.context(), {.x = x,
                                                  .logits = logits,
                                                  .dy = dy,
                                                  .dx = d.wants(0) ? d.into(0) : Destination{},
                                                  .dlogits = d.wants(1) ? d.into(1) : Destination{}});
  });
}

}  // namespace engine
