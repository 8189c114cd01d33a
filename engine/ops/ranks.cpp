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

Tensor rows_of_all_ranks(const Tensor& x, std::int64_t views) {
  const Context& context = x.context();
  const std::int64_t ranks = context.ranks(), rank = context.communicator().rank();
  if (ranks == 1) return x;
  EXPECTS(views > 0 && x.shape().rank() > 0 && x.shape()[0] % views == 0, "rows_of_all_ranks: ", x.shape(),
          " is not the rows of ", views, " views");
  const std::int64_t m = x.shape()[0] / views, n = ranks * m;
  const Tensor all = Tensor::empty(context, x.shape().with_rows(views * n), x.dtype());
  for (std::int64_t view = 0; view < views; ++view) {
    const Tensor of_view = all.narrow(view * n, n);
    copy(x.narrow(view * m, m), of_view.narrow(rank * m, m));
    kernels::all_gather(context, {.x = of_view});
  }
  return with_grad(all, {x}, [views, m, n, rank](const Tensor& dall, Grads& d) {
    const Destination dx = d.into(0);
    const Tensor sum = Tensor::empty(dall.context(), dall.shape().with_rows(n), dall.dtype());
    for (std::int64_t view = 0; view < views; ++view) {
      copy(dall.narrow(view * n, n), sum);
      kernels::reduce_scatter(dall.context(), {.x = sum});
      kernels::scale(dall.context(), {.x = sum.narrow(rank * m, m), .y = dx.narrow(view * m, m)});
    }
  });
}

Share share_of_rank(const Context& context, std::int64_t count) {
  const std::int64_t ranks = context.ranks(), rank = context.communicator().rank();
  const std::int64_t first = rank * count / ranks;
  return {.first = first, .count = (rank + 1) * count / ranks - first};
}

}  // namespace engine
