#include "apps/bench/buffers.h"
#include "kernels/cases/bernoulli_nll.h"
#include "kernels/cases/directions.h"
#include "kernels/cases/epps_pulley.h"
#include "kernels/cases/gaussian_latent.h"
#include "kernels/cases/label_targets.h"
#include "kernels/cases/prior.h"
#include "kernels/cases/similarity.h"
#include "kernels/cases/sliced_wasserstein.h"
#include "kernels/cases/temperature_schedule.h"
#include "kernels/cases/unit_directions.h"
#include "kernels/cases/visreg.h"
#include "kernels/convert.h"
#include "kernels/l2_normalize.h"
#include "kernels/linear.h"
#include "kernels/linear_evaluation.h"
#include "kernels/softmax_cross_entropy.h"

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

KernelWork label_targets(Buffers& b) {
  return b.work(kernels::label_targets, kernels::label_targets_case({.n = b.sizes().rows, .m = 4, .k = 1000}));
}

kernels::SimilarityExample pairs(const Buffers& b) {
  return {.n = b.sizes().rows / 2, .d = b.sizes().dim, .dtype = b.sizes().activations};
}
kernels::SimilarityContents rows_of(const kernels::SimilarityExample& pairs) {
  return {.u = unit_row_values(2 * pairs.n, pairs.d)};
}
KernelWork similarity_forward(Buffers& b) {
  return b.work(kernels::similarity_forward, similarity_forward_case(pairs(b), rows_of(pairs(b))));
}
/// After a forward pass in the same memory.
KernelWork similarity_backward(Buffers& b) {
  const auto forward = similarity_forward_case(pairs(b), {});
  const auto backward = similarity_backward_case(pairs(b), rows_of(pairs(b)));
  const std::vector<engine::View> on = b.views_of(backward.buffers);
  kernels::similarity_forward(b.context(), forward.arguments(on));
  return b.work(kernels::similarity_backward, backward.arguments(on));
}

KernelWork temperature_schedule(Buffers& b) {
  return b.work(kernels::temperature_schedule,
                kernels::temperature_schedule_case({.step = 0, .low = 0.1f, .high = 1, .period = 200}));
}

/// As many directions as dimensions, on one slice per direction.
KernelWork draw_directions(Buffers& b) {
  return b.work(kernels::draw_directions, kernels::draw_directions_case({.k = b.sizes().dim, .d = b.sizes().dim}));
}
KernelWork draw_prior(Buffers& b) {
  return b.work(kernels::draw_prior, kernels::draw_prior_case({.n = b.sizes().rows, .d = b.sizes().dim}));
}
KernelWork normal_quantiles(Buffers& b) {
  return b.work(kernels::normal_quantiles, kernels::normal_quantiles_case(b.sizes().rows, 1));
}
KernelWork sliced_wasserstein(Buffers& b) {
  const std::vector<double> numbers = normal_values(b.sizes().dim * b.sizes().rows);
  return b.work(kernels::sliced_wasserstein,
                kernels::sliced_wasserstein_case({.slices = b.sizes().dim, .n = b.sizes().rows}, numbers, numbers));
}

KernelWork unit_directions(Buffers& b) {
  return b.work(kernels::unit_directions, kernels::unit_directions_case({.m = 1024, .d = b.sizes().dim}));
}
/// The gradients that replace the slices are numbers of about 1, too: the next run takes as long.
KernelWork epps_pulley(Buffers& b) {
  constexpr std::int64_t kSlices = 1024, kGroups = 2;
  const std::int64_t n = b.sizes().rows / kGroups;
  return b.work(kernels::epps_pulley, kernels::epps_pulley_case({.slices = kSlices, .groups = kGroups, .n = n},
                                                                normal_values(kSlices * kGroups * n)));
}
kernels::VisregExample standardized(const Buffers& b) {
  return {.groups = 1, .n = b.sizes().rows, .d = b.sizes().dim, .epsilon = 1e-4f};
}
KernelWork visreg_standardize(Buffers& b) {
  const std::int64_t d = b.sizes().dim;
  return b.work(
      kernels::visreg_standardize,
      visreg_standardize_case(standardized(b), {.x = normal_values(b.sizes().rows * d),
                                                .moments = std::vector<double>(static_cast<std::size_t>(3 * d), 1)}));
}
KernelWork visreg_gradient(Buffers& b) {
  const std::int64_t d = b.sizes().dim;
  return b.work(kernels::visreg_gradient,
                visreg_gradient_case(standardized(b), {.y = normal_values(b.sizes().rows * d),
                                                       .mean = normal_values(d),
                                                       .std = std::vector<double>(static_cast<std::size_t>(d), 1)}));
}

/// The reconstruction of images of 224 x 224.
kernels::BernoulliNllExample reconstruction(const Buffers& b) {
  const Shape shape{b.sizes().images, 224, 224, 3};
  return {.shape = shape,
          .dtype = b.sizes().activations,
          .logits = normal_values(shape.elements()),
          .targets = normal_values(shape.elements())};
}
KernelWork bernoulli_nll_forward(Buffers& b) {
  return b.work(kernels::bernoulli_nll_forward, bernoulli_nll_forward_case(reconstruction(b)));
}
KernelWork bernoulli_nll_backward(Buffers& b) {
  return b.work(kernels::bernoulli_nll_backward, bernoulli_nll_backward_case(reconstruction(b)));
}

kernels::GaussianLatentExample latents(const Buffers& b) {
  const std::int64_t count = b.sizes().rows * b.sizes().dim;
  return {.n = b.sizes().rows,
          .d = b.sizes().dim,
          .mean = normal_values(count),
          .log_variance = normal_values(count),
          .dtype = b.sizes().activations};
}
KernelWork gaussian_latent_forward(Buffers& b) {
  return b.work(kernels::gaussian_latent_forward, gaussian_latent_forward_case(latents(b)));
}
KernelWork gaussian_latent_backward(Buffers& b) {
  const kernels::LatentGradients gradients{.dz = normal_values(b.sizes().rows * b.sizes().dim), .dkl = 1};
  return b.work(kernels::gaussian_latent_backward, gaussian_latent_backward_case(latents(b), gradients));
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
          {"label_targets", label_targets},
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
          {"bernoulli_nll_forward", bernoulli_nll_forward},
          {"bernoulli_nll_backward", bernoulli_nll_backward},
          {"gaussian_latent_forward", gaussian_latent_forward},
          {"gaussian_latent_backward", gaussian_latent_backward},
          {"gather_rows", gather_rows},
          {"rowwise_sgd", rowwise_sgd},
          {"knn_vote", knn_vote}};
}

}  // namespace apps
