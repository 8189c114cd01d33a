#include "apps/bench/buffers.h"
#include "kernels/convert.h"
#include "kernels/directions.h"
#include "kernels/epps_pulley.h"
#include "kernels/l2_normalize.h"
#include "kernels/linear.h"
#include "kernels/linear_evaluation.h"
#include "kernels/prior.h"
#include "kernels/similarity.h"
#include "kernels/sliced_wasserstein.h"
#include "kernels/softmax_cross_entropy.h"
#include "kernels/temperature_schedule.h"
#include "kernels/unit_directions.h"
#include "kernels/visreg.h"

namespace apps {
namespace {

using engine::Shape;
using engine::Tensor;

KernelWork convert(Buffers& b) {
  return b.work(kernels::convert, {.x = b.random_f32({b.sizes().rows, 2048}),
                                   .y = {b.zeros({b.sizes().rows, 2048}, engine::Dtype::bf16)}});
}

KernelWork l2_normalize_forward(Buffers& b) {
  const Shape shape{b.sizes().rows, b.sizes().dim};
  return b.work(kernels::l2_normalize_forward,
                {.x = b.random(shape), .y = b.output(shape), .inv_norm = b.output_f32({b.sizes().rows})});
}
KernelWork l2_normalize_backward(Buffers& b) {
  const Shape shape{b.sizes().rows, b.sizes().dim};
  return b.work(kernels::l2_normalize_backward, {.dy = b.random(shape),
                                                 .y = b.unit_rows(b.sizes().rows, b.sizes().dim, b.sizes().activations),
                                                 .inv_norm = b.positive_f32({b.sizes().rows}),
                                                 .dx = {b.output(shape)}});
}

/// The first layer of a projection head: 2048 to 2048.
struct Layer {
  explicit Layer(Buffers& b)
      : x(b.random({b.sizes().rows, 2048})), weight(b.random({2048, 2048})), y(b.random({b.sizes().rows, 2048})) {}
  Tensor x, weight, y;
};
KernelWork linear_forward(Buffers& b) {
  const Layer l(b);
  return b.work(kernels::linear_forward, {.x = l.x, .weight = l.weight, .bias = b.random_f32({2048}), .y = l.y});
}
KernelWork linear_dgrad(Buffers& b) {
  const Layer l(b);
  return b.work(kernels::linear_dgrad, {.dy = l.y, .weight = l.weight, .dx = {l.x}});
}
KernelWork linear_wgrad(Buffers& b) {
  const Layer l(b);
  return b.work(kernels::linear_wgrad, {.dy = l.y, .x = l.x, .dweight = {b.output_f32({2048, 2048})}});
}
KernelWork bias_grad(Buffers& b) {
  return b.work(kernels::bias_grad, {.dy = b.random({b.sizes().rows, 2048}), .dbias = {b.output_f32({2048})}});
}

struct Logits {
  explicit Logits(Buffers& b)
      : logits(b.random({b.sizes().rows, 1000})),
        labels(b.integers({b.sizes().rows}, 1000)),
        terms(b.output_f32({b.sizes().rows, 2})),
        loss(b.random_f32(Shape())),
        accuracy(b.output_f32(Shape())) {}
  kernels::SoftmaxCrossEntropyForward forward() const {
    return {.logits = logits, .targets = labels, .softmax_terms = terms, .loss = loss, .accuracy = accuracy};
  }
  Tensor logits, labels, terms, loss, accuracy;
};
KernelWork softmax_cross_entropy_forward(Buffers& b) {
  return b.work(kernels::softmax_cross_entropy_forward, Logits(b).forward());
}
KernelWork softmax_cross_entropy_backward(Buffers& b) {
  const Logits l(b);
  kernels::softmax_cross_entropy_forward(b.context(), l.forward());
  return b.work(kernels::softmax_cross_entropy_backward, {.dloss = l.loss,
                                                          .logits = l.logits,
                                                          .targets = l.labels,
                                                          .softmax_terms = l.terms,
                                                          .dlogits = {b.output(l.logits.shape())}});
}

struct Contrast {
  explicit Contrast(Buffers& b)
      : n(b.sizes().rows / 2),
        u(b.unit_rows(2 * n, b.sizes().dim, b.sizes().activations)),
        lse(b.output_f32({2, n})),
        positive(b.output_f32({n})),
        attraction(b.output_f32({n})),
        correct(b.output_f32({n})),
        sums(b.output_f32({kernels::kContrastSums})) {}
  kernels::SimilarityForward forward() const {
    return {.s = pairs(), .lse = lse, .positive = positive, .attraction = attraction, .correct = correct, .sums = sums};
  }
  kernels::Similarities pairs() const {
    return {.view1 = u.narrow(0, n),
            .view2 = u.narrow(n, n),
            .temperature = {0.1f},
            .candidates = kernels::Candidates::others};
  }
  std::int64_t n;
  Tensor u, lse, positive, attraction, correct, sums;
};
KernelWork similarity_forward(Buffers& b) { return b.work(kernels::similarity_forward, Contrast(b).forward()); }
KernelWork similarity_backward(Buffers& b) {
  const Contrast c(b);
  kernels::similarity_forward(b.context(), c.forward());
  const Tensor du = b.output(c.u.shape());
  return b.work(kernels::similarity_backward, {.s = c.pairs(),
                                               .lse = c.lse,
                                               .attraction = c.attraction,
                                               .dloss = b.positive_f32(Shape()),
                                               .dview1 = {du.narrow(0, c.n)},
                                               .dview2 = {du.narrow(c.n, c.n)}});
}

KernelWork temperature_schedule(Buffers& b) {
  return b.work(
      kernels::temperature_schedule,
      {.step = b.integers({1}, 1000), .low = 0.1f, .high = 1, .period = 200, .temperature = b.output_f32(Shape())});
}

/// As many directions as dimensions, on one slice per direction.
KernelWork draw_directions(Buffers& b) {
  const Tensor directions = b.output_f32({b.sizes().dim, b.sizes().dim});
  return b.work(kernels::draw_directions, {.seed = 1, .step = b.integers({1}, 1), .directions = directions});
}
KernelWork draw_prior(Buffers& b) {
  const Tensor rows = b.output_f32({b.sizes().rows, b.sizes().dim});
  return b.work(kernels::draw_prior,
                {.seed = 1, .step = b.integers({1}, 1), .prior = kernels::Prior::sphere, .scale = 1, .rows = rows});
}
KernelWork normal_quantiles(Buffers& b) {
  return b.work(kernels::normal_quantiles, {.std = 1, .column = b.output_f32({b.sizes().rows})});
}
KernelWork sliced_wasserstein(Buffers& b) {
  const Shape slices{b.sizes().dim, b.sizes().rows};
  return b.work(kernels::sliced_wasserstein, {.projections = b.random_f32(slices),
                                              .prior = b.random_f32(slices),
                                              .factor = 1,
                                              .loss = b.output_f32(Shape()),
                                              .gradient = b.output_f32(slices)});
}

KernelWork unit_directions(Buffers& b) {
  return b.work(kernels::unit_directions,
                {.seed = 1, .step = b.integers({1}, 1), .directions = b.output_f32({1024, b.sizes().dim})});
}
/// The gradients that replace the slices are numbers of about 1, too: the next run takes as long.
KernelWork epps_pulley(Buffers& b) {
  return b.work(kernels::epps_pulley, {.x = b.random_f32({1024, b.sizes().rows}),
                                       .groups = 2,
                                       .knots = 17,
                                       .t_max = 3,
                                       .statistic = b.output_f32({1024, 2}),
                                       .gradient_factor = 1});
}
struct Standardized {
  explicit Standardized(Buffers& b)
      : rows(b.random_f32({b.sizes().rows, b.sizes().dim})),
        moments(
            b.of<double>({1, 3, b.sizes().dim}, std::vector<double>(static_cast<std::size_t>(3 * b.sizes().dim), 1))),
        mean(b.random_f32({1, b.sizes().dim})),
        std(b.positive_f32({1, b.sizes().dim})) {}
  Tensor rows, moments, mean, std;
};
KernelWork visreg_standardize(Buffers& b) {
  const Standardized s(b);
  return b.work(kernels::visreg_standardize, {.x = s.rows,
                                              .moments = s.moments,
                                              .epsilon = 1e-4f,
                                              .mean = s.mean,
                                              .std = s.std,
                                              .terms = b.output_f32({2}),
                                              .y = b.output_f32(s.rows.shape())});
}
KernelWork visreg_gradient(Buffers& b) {
  const Standardized s(b);
  return b.work(
      kernels::visreg_gradient,
      {.y = s.rows, .mean = s.mean, .std = s.std, .epsilon = 1e-4f, .gradient = b.output_f32(s.rows.shape())});
}

KernelWork gather_rows(Buffers& b) {
  return b.work(kernels::gather_rows, {.x = b.random_f32({50'000, 512}),
                                       .rows = b.integers({b.sizes().rows}, 50'000),
                                       .y = b.output_f32({b.sizes().rows, 512})});
}
KernelWork rowwise_sgd(Buffers& b) {
  const Shape shape{15 * 1000, 512};  // 15 learning rates, 1000 classes
  return b.work(kernels::rowwise_sgd, {.value = b.random_f32(shape),
                                       .velocity = b.output_f32(shape),
                                       .gradient = b.random_f32(shape),
                                       .rates = b.output_f32({shape.rows()}),
                                       .factor = 1,
                                       .momentum = 0.9f});
}
KernelWork knn_vote(Buffers& b) {
  return b.work(kernels::knn_vote, {.similarities = b.random_f32({256, 50'000}),
                                    .labels = b.integers({50'000}, 10),
                                    .predicted = b.integers({256}, 1),
                                    .k = 200,
                                    .classes = 10,
                                    .temperature = 0.1f});
}

}  // namespace

std::vector<KernelEntry> row_kernels() {
  return {{"convert", convert},
          {"l2_normalize_forward", l2_normalize_forward},
          {"l2_normalize_backward", l2_normalize_backward},
          {"linear_forward", linear_forward},
          {"linear_dgrad", linear_dgrad},
          {"linear_wgrad", linear_wgrad},
          {"bias_grad", bias_grad},
          {"softmax_cross_entropy_forward", softmax_cross_entropy_forward},
          {"softmax_cross_entropy_backward", softmax_cross_entropy_backward},
          {"similarity_forward", similarity_forward},
          {"similarity_backward", similarity_backward},
          {"temperature_schedule", temperature_schedule},
          {"draw_directions", draw_directions},
          {"draw_prior", draw_prior},
          {"normal_quantiles", normal_quantiles},
          {"sliced_wasserstein", sliced_wasserstein},
          {"unit_directions", unit_directions},
          {"epps_pulley", epps_pulley},
          {"visreg_standardize", visreg_standardize},
          {"visreg_gradient", visreg_gradient},
          {"gather_rows", gather_rows},
          {"rowwise_sgd", rowwise_sgd},
          {"knn_vote", knn_vote}};
}

}  // namespace apps
