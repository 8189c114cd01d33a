#include "losses/similarity.h"

#include <cmath>
#include <cstdint>

#include "engine/autograd.h"
#include "kernels/nt_xent.h"

namespace losses {
namespace {

using engine::Destination;
using engine::Grads;
using engine::Shape;
using engine::View;

struct Forward {
  Tensor lse, attraction, sums, kept;
};

/// `wants_gradient`: a backward pass will follow; the forward pass then keeps part of its results for it.
Forward forward(const engine::Context& context, const kernels::ContrastPairs& pairs, bool wants_gradient) {
  const std::int64_t n = pairs.view1.shape[0];
  const Tensor lse = Tensor::empty(context, {2, n}), positive = Tensor::empty(context, {n});
  const Tensor attraction = Tensor::empty(context, {n});
  const Tensor correct = Tensor::empty(context, {n}), sums = Tensor::empty(context, {kernels::kContrastSums});
  const std::int64_t keeps = wants_gradient ? kernels::nt_xent_kept(context, pairs) : 0;
  const Tensor kept = keeps > 0 ? Tensor::empty(context, {keeps}) : Tensor();
  kernels::nt_xent_forward(context, {.pairs = pairs,
                                     .lse = lse,
                                     .positive = positive,
                                     .attraction = attraction,
                                     .correct = correct,
                                     .sums = sums,
                                     .kept = View(kept)});
  return {.lse = lse, .attraction = attraction, .sums = sums, .kept = kept};
}

Tensor loss_of(const Tensor& sums) { return sums.narrow(kernels::kContrastLoss, 1).view_as(Shape()); }

bool is_float(engine::Dtype dtype) { return dtype == engine::Dtype::f32 || dtype == engine::Dtype::bf16; }

void check_temperature(const char* loss, float temperature) {
  EXPECTS(temperature > 0 && std::isfinite(temperature), loss, ": temperature must be a number above 0, got ",
          temperature);
}

}  // namespace

ContrastiveLoss nt_xent(const Tensor& u, float temperature, Products products) {
  EXPECTS(u.shape().rank() == 2 && u.shape()[0] > 0 && u.shape()[0] % 2 == 0 && is_float(u.dtype()),
          "nt_xent: u must be f32 or bf16 [2n,d], the rows of view 1 above those of view 2, got ", name(u.dtype()), " ",
          u.shape());
  check_temperature("nt_xent", temperature);
  const std::int64_t n = u.shape()[0] / 2;
  const auto pairs = [n, temperature, products](const Tensor& both) {
    return kernels::ContrastPairs{.view1 = both.narrow(0, n),
                                  .view2 = both.narrow(n, n),
                                  .temperature = temperature,
                                  .within_views = true,
                                  .bf16_products = products == Products::bf16};
  };
  const Forward y = forward(u.context(), pairs(u), u.wants_gradient());
  const auto backward = [=, u = u.detach(), lse = y.lse, attraction = y.attraction, kept = y.kept](const Tensor& dloss,
                                                                                                   Grads& d) {
    const Destination du = d.into(0);
    kernels::nt_xent_backward(dloss.context(), {.pairs = pairs(u),
                                                .lse = lse,
                                                .attraction = attraction,
                                                .dloss = dloss,
                                                .kept = kept,
                                                .dview1 = du.narrow(0, n),
                                                .dview2 = du.narrow(n, n)});
  };
  return {.loss = with_grad(loss_of(y.sums), {u}, backward), .metrics = y.sums};
}

ContrastiveLoss cross_view(const Tensor& u1, const Tensor& u2, float temperature, Products products) {
  EXPECTS(u1.shape().rank() == 2 && u1.shape()[0] > 0 && u1.shape() == u2.shape() && is_float(u1.dtype()) &&
              u1.dtype() == u2.dtype(),
          "cross_view: u1 and u2 must both be f32 or both bf16 [n,d], got ", name(u1.dtype()), " ", u1.shape(), " and ",
          name(u2.dtype()), " ", u2.shape());
  check_temperature("cross_view", temperature);
  const auto pairs = [temperature, products](const Tensor& first, const Tensor& second) {
    return kernels::ContrastPairs{.view1 = first,
                                  .view2 = second,
                                  .temperature = temperature,
                                  .within_views = false,
                                  .bf16_products = products == Products::bf16};
  };
  const Forward y = forward(u1.context(), pairs(u1, u2), u1.wants_gradient() || u2.wants_gradient());
  const auto backward = [=, u1 = u1.detach(), u2 = u2.detach(), lse = y.lse, attraction = y.attraction, kept = y.kept](
                            const Tensor& dloss, Grads& d) {
    Tensor unwanted;  // one pass computes both gradients, even if only one is needed
    const auto into = [&](int i) {
      if (d.wants(i)) return d.into(i);
      unwanted = Tensor::empty(dloss.context(), u1.shape(), u1.dtype());
      return Destination{unwanted};
    };
    kernels::nt_xent_backward(dloss.context(), {.pairs = pairs(u1, u2),
                                                .lse = lse,
                                                .attraction = attraction,
                                                .dloss = dloss,
                                                .kept = kept,
                                                .dview1 = into(0),
                                                .dview2 = into(1)});
  };
  return {.loss = with_grad(loss_of(y.sums), {u1, u2}, backward), .metrics = y.sums};
}

}  // namespace losses
