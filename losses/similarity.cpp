#include "losses/similarity.h"

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "engine/autograd.h"
#include "engine/ops/ranks.h"
#include "kernels/collectives.h"

namespace losses {
namespace {

using engine::Destination;
using engine::Dtype;
using engine::Grads;
using engine::Shape;
using kernels::AnchorRule;
using kernels::Candidates;
using kernels::LossScale;
using kernels::Similarities;

/// What a loss makes of each anchor's similarities.
struct Terms {
  AnchorRule rule = {};
  LossScale scale = {};
  bool unit_rows = false;

  /// Hard negatives are weighted with their similarities times beta: a second pass.
  bool weighted() const { return rule.kind == AnchorRule::Kind::hard_negatives && rule.beta > 0; }
  /// The similarities of the pass with the positives, and of the pass for the weights.
  Similarities main(Similarities s) const {
    s.sharpness = weighted() ? 1 + rule.beta : 1;
    s.unit_rows =
        unit_rows && (rule.kind == AnchorRule::Kind::cross_entropy || rule.kind == AnchorRule::Kind::log_sum_exp);
    return s;
  }
  Similarities weights(Similarities s) const {
    s.sharpness = rule.beta;
    return s;
  }
};

/// Values [views,m] of this rank's examples become [views,n] of all.
Tensor values_of_all_ranks(const Tensor& own) {
  const std::int64_t views = own.shape()[0], m = own.shape()[1];
  return engine::rows_of_all_ranks(own.view_as({views * m}), views).view_as({views, m * own.context().ranks()});
}

/// What the backward pass reads, besides the rows.
struct Reduced {
  Tensor lse, attraction, sums, kept, weights, kept_weights;
};

Tensor kept_of(const engine::Context& context, const Similarities& s, bool wants_gradient) {
  const std::int64_t keeps = wants_gradient ? kernels::similarity_kept(context, s) : 0;
  return keeps > 0 ? Tensor::empty(context, {keeps}) : Tensor();
}

/// Of the m examples from pairs.first_anchor on: those of this rank.
/// `wants_gradient`: a backward pass will follow; the forward pass then keeps part of its results for it.
Reduced forward(const engine::Context& context, const Similarities& pairs, std::int64_t m, const Terms& terms,
                bool wants_gradient) {
  const Shape per_anchor{pairs.anchor_views(), m};
  Reduced y;
  if (terms.weighted()) {
    const Similarities s = terms.weights(pairs);
    y.weights = Tensor::empty(context, per_anchor);
    y.kept_weights = kept_of(context, s, wants_gradient);
    kernels::similarity_forward(context, {.s = s,
                                          .rule = {AnchorRule::Kind::negatives},
                                          .lse = y.weights,
                                          .positive = {},
                                          .attraction = {},
                                          .correct = {},
                                          .sums = {},
                                          .kept = View(y.kept_weights)});
  }
  const Similarities s = terms.main(pairs);
  y.lse = Tensor::empty(context, per_anchor);
  y.attraction = Tensor::empty(context, {m});
  y.sums = Tensor::empty(context, {kernels::kContrastSums});
  y.kept = kept_of(context, s, wants_gradient);
  const Tensor positive = Tensor::empty(context, {m}), correct = Tensor::empty(context, {m});
  kernels::similarity_forward(context, {.s = s,
                                        .rule = terms.rule,
                                        .scale = terms.scale,
                                        .weights = View(y.weights),
                                        .lse = y.lse,
                                        .positive = positive,
                                        .attraction = y.attraction,
                                        .correct = correct,
                                        .sums = y.sums,
                                        .kept = View(y.kept)});
  return y;
}

/// The same with the log-sum-exps and the sums of all ranks.
void gather(Reduced& y) {
  const engine::Context& context = y.sums.context();
  if (context.ranks() == 1) return;
  y.lse = values_of_all_ranks(y.lse);
  if (y.weights) y.weights = values_of_all_ranks(y.weights);
  kernels::all_reduce(context, {.x = y.sums});
}

void backward(const Tensor& dloss, const Similarities& pairs, const Terms& terms, const Reduced& y,
              const Destination& dview1, const Destination& dview2) {
  kernels::similarity_backward(dloss.context(), {.s = terms.main(pairs),
                                                 .scale = terms.scale,
                                                 .lse = y.lse,
                                                 .attraction = y.attraction,
                                                 .dloss = dloss,
                                                 .kept = y.kept,
                                                 .dview1 = dview1,
                                                 .dview2 = dview2});
  if (!terms.weighted()) return;
  kernels::similarity_backward(dloss.context(), {.s = terms.weights(pairs),
                                                 .scale = {.coefficient = -terms.scale.coefficient},
                                                 .lse = y.weights,
                                                 .attraction = {},
                                                 .dloss = dloss,
                                                 .kept = y.kept_weights,
                                                 .dview1 = {dview1.view, true},
                                                 .dview2 = {dview2.view, true}});
}

ContrastiveLoss with_terms(const Tensor& sums, std::initializer_list<Tensor> inputs,
                           engine::BackwardFunction gradient) {
  const auto scalar = [&](int index) { return sums.narrow(index, 1).view_as(Shape()); };
  return {.loss = with_grad(scalar(kernels::kContrastLoss), inputs, std::move(gradient)),
          .alignment = scalar(kernels::kContrastAlignment),
          .distribution = scalar(kernels::kContrastDistribution),
          .accuracy = scalar(kernels::kContrastAccuracy)};
}

bool is_float(Dtype dtype) { return dtype == Dtype::f32 || dtype == Dtype::bf16; }

bool are_views(const Tensor& a, const Tensor& b) {
  return a.shape().rank() == 2 && a.shape()[0] > 0 && a.shape() == b.shape() && is_float(a.dtype()) &&
         a.dtype() == b.dtype();
}

void check_temperature(const char* loss, const Temperature& temperature) {
  if (temperature.now) {
    EXPECTS(temperature.now.dtype() == Dtype::f32 && temperature.now.elements() == 1, loss,
            ": a temperature on the device must be one f32 number, got ", name(temperature.now.dtype()), " ",
            temperature.now.shape());
  } else {
    EXPECTS(temperature.value > 0 && std::isfinite(temperature.value), loss,
            ": temperature must be a number above 0, got ", temperature.value);
  }
}

Terms terms_of(const char* loss, const SimilarityOptions& options) {
  check_temperature(loss, options.temperature);
  const float epsilon = options.ifm_epsilon, beta = options.hard_negative_beta, tau_plus = options.debias_tau_plus;
  EXPECTS(epsilon >= 0 && std::isfinite(epsilon), loss, ": ifm_epsilon must be a number from 0 on, got ", epsilon);
  EXPECTS(beta >= 0 && std::isfinite(beta), loss, ": hard_negative_beta must be a number from 0 on, got ", beta);
  EXPECTS(tau_plus >= 0 && tau_plus < 1, loss, ": debias_tau_plus must be a share from 0 to below 1, got ", tau_plus);
  const bool reweighted = beta > 0 || tau_plus > 0;
  EXPECTS(epsilon == 0 || !reweighted, loss,
          ": ifm_epsilon cannot be combined with hard_negative_beta or debias_tau_plus; set one of them to 0");
  if (epsilon > 0) return {.rule = {.kind = AnchorRule::Kind::implicit_features, .epsilon = epsilon}};
  if (reweighted) { return {.rule = {.kind = AnchorRule::Kind::hard_negatives, .beta = beta, .tau_plus = tau_plus}}; }
  return {.unit_rows = options.unit_rows};
}

/// The rows of all ranks, and where those of this rank begin.
struct Views {
  Tensor view1, view2;  // [n,d] each
  std::int64_t first = 0;
};

/// Of u, the rows of this rank's examples, view 1 above view 2.
Views views_of(const Tensor& u) {
  const Tensor all = engine::rows_of_all_ranks(u.detach(), 2);
  const std::int64_t n = all.shape()[0] / 2;
  return {.view1 = all.narrow(0, n),
          .view2 = all.narrow(n, n),
          .first = u.context().communicator().rank() * u.shape()[0] / 2};
}

Similarities similarities_of(const Views& views, Candidates candidates, const Temperature& temperature,
                             Products products) {
  return {.view1 = views.view1,
          .view2 = views.view2,
          .temperature = temperature.view(),
          .candidates = candidates,
          .first_anchor = views.first,
          .bf16_products = products == Products::bf16};
}

void check_stacked(const char* loss, const Tensor& u) {
  EXPECTS(u.shape().rank() == 2 && u.shape()[0] > 0 && u.shape()[0] % 2 == 0 && is_float(u.dtype()), loss,
          ": u must be f32 or bf16 [2n,d], the rows of view 1 above those of view 2, got ", name(u.dtype()), " ",
          u.shape());
}

/// The loss of the rows of all ranks. Each rank computes the whole gradient of its own rows, as anchors and as
/// candidates of all others, so that no gradient has to be sent.
ContrastiveLoss of_stacked(const Tensor& u, Candidates candidates, const Temperature& temperature, Products products,
                           const Terms& terms) {
  const std::int64_t m = u.shape()[0] / 2;
  const Views views = views_of(u);
  const auto pairs = [=] { return similarities_of(views, candidates, temperature, products); };
  Reduced y = forward(u.context(), pairs(), m, terms, u.wants_gradient());
  gather(y);
  const auto gradient = [=](const Tensor& dloss, Grads& d) {
    const Destination du = d.into(0);
    backward(dloss, pairs(), terms, y, du.narrow(0, m), du.narrow(m, m));
  };
  return with_terms(y.sums, {u}, gradient);
}

}  // namespace

ContrastiveLoss nt_xent(const Tensor& u, const SimilarityOptions& options) {
  check_stacked("nt_xent", u);
  const Terms terms = terms_of("nt_xent", options);
  return of_stacked(u, Candidates::others, options.temperature, options.products, terms);
}

ContrastiveLoss cross_view(const Tensor& u, const SimilarityOptions& options) {
  check_stacked("cross_view", u);
  const Terms terms = terms_of("cross_view", options);
  return of_stacked(u, Candidates::other_view, options.temperature, options.products, terms);
}

ContrastiveLoss queue(const Tensor& q, const Tensor& keys, const Tensor& queue, const SimilarityOptions& options) {
  EXPECTS(are_views(q, keys) && queue.shape().rank() == 2 && queue.shape()[0] > 0 && queue.shape()[1] == q.shape()[1] &&
              queue.dtype() == q.dtype(),
          "queue: q and keys must be [n,d] and the queue [k,d], all f32 or all bf16, got ", name(q.dtype()), " ",
          q.shape(), ", ", name(keys.dtype()), " ", keys.shape(), " and ", name(queue.dtype()), " ", queue.shape());
  const Terms terms = terms_of("queue", options);
  const auto pairs = [keys = keys.detach(), queue = queue.detach(), temperature = options.temperature,
                      products = options.products](const Tensor& anchors) {
    return Similarities{.view1 = anchors,
                        .view2 = keys,
                        .queue = queue,
                        .temperature = temperature.view(),
                        .candidates = Candidates::queue,
                        .bf16_products = products == Products::bf16};
  };
  const Reduced y = forward(q.context(), pairs(q), q.shape()[0], terms, q.wants_gradient());
  const auto gradient = [=, q = q.detach()](const Tensor& dloss, Grads& d) {
    backward(dloss, pairs(q), terms, y, d.into(0), {});
  };
  const ContrastiveLoss own = with_terms(y.sums, {q}, gradient);
  return {.loss = engine::mean_over_ranks(own.loss),
          .alignment = engine::mean_over_ranks(own.alignment),
          .distribution = engine::mean_over_ranks(own.distribution),
          .accuracy = engine::mean_over_ranks(own.accuracy)};
}

Distribution log_sum_exp_distribution(const Tensor& u, const LogSumExpOptions& options) {
  constexpr const char* kName = "log_sum_exp_distribution";
  check_stacked(kName, u);
  check_temperature(kName, options.temperature);
  const auto width = static_cast<float>(u.shape()[1]);
  const Terms terms{
      .rule = {.kind = AnchorRule::Kind::log_sum_exp},
      .scale = {.coefficient = 0.5f,  // the kernel's sum over 2n anchors is divided by n
                .times_temperature = options.times_temperature,
                // Each rank subtracts its share.
                .offset = options.minus_log_width ? std::log(width) / static_cast<float>(u.context().ranks()) : 0},
      .unit_rows = options.unit_rows};
  const ContrastiveLoss result = of_stacked(u, options.with_self ? Candidates::all : Candidates::others,
                                            options.temperature, options.products, terms);
  return {.loss = result.loss, .accuracy = result.accuracy};
}

}  // namespace losses
