#include "apps/objectives/vae.h"

#include <algorithm>
#include <utility>

#include "apps/input/run_data.h"
#include "apps/objectives/encode.h"
#include "apps/objectives/reconstructions.h"
#include "engine/ops/convert.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/ranks.h"
#include "losses/vae.h"

namespace apps {

using engine::Mode;
using engine::Tensor;

namespace {

/// How many columns of rows [N,d] have a variance above `least`.
std::int64_t varying_columns(const Tensor& rows, double least) {
  const std::int64_t n = rows.shape()[0], d = rows.shape()[1];
  const std::vector<float> values = rows.to_host<float>();
  std::int64_t varying = 0;
  for (std::int64_t j = 0; j < d; ++j) {
    double mean = 0, squares = 0;
    const auto at = [&](std::int64_t i) { return static_cast<double>(values[static_cast<std::size_t>(i * d + j)]); };
    for (std::int64_t i = 0; i < n; ++i) mean += at(i) / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) squares += (at(i) - mean) * (at(i) - mean);
    if (squares > least * static_cast<double>(n)) ++varying;
  }
  return varying;
}

}  // namespace

VaeObjective::VaeObjective(Network network, Latent latent, models::Decoder decoder, const Options& options)
    : network_(std::move(network)), latent_(std::move(latent)), decoder_(std::move(decoder)), options_(options) {}

Outcome VaeObjective::forward(const StepContext& step) {
  const Tensor views = step.batch.augmented_views(options_.augmentation, options_.seed, 1, options_.activations);
  const auto& s = views.shape();
  Encoded encoded = encode(network_, views, 1, step.taps);
  const Tensor mean = latent_.mean(encoded.rows, Mode::train, {.f32_output = true}),
               log_variance = latent_.log_variance(encoded.rows, Mode::train, {.f32_output = true});
  const losses::LatentSample latent = losses::gaussian_latent(
      mean, log_variance,
      {.seed = static_cast<std::uint64_t>(options_.seed), .step = step.clock.status.narrow(kernels::kStatusStep, 1)},
      options_.activations);
  const Tensor logits = decoder_.forward(latent.z, Mode::train);

  const engine::LayerRange layer(views.context(), "loss");
  const Tensor images = views.view_as({s[1], s[2], s[3], s[4]});
  const Tensor reconstruction = engine::mean_over_ranks(losses::bernoulli_nll(logits, images)),
               divergence = engine::mean_over_ranks(latent.kl);
  const Tensor loss = engine::add(reconstruction, engine::scale(divergence, options_.beta));
  Outcome outcome{.loss = loss, .tapped = std::move(encoded.tapped)};
  outcome.record({.name = "loss", .axis = kLossAxis, .headline = true}, loss.detach());
  outcome.record({.name = "loss_recon", .axis = kLossAxis}, reconstruction.detach());
  outcome.record({.name = "loss_kl", .axis = kLossAxis, .headline = true}, divergence.detach());
  return outcome;
}

std::vector<Measured> VaeObjective::evaluate(const Features& features) const {
  constexpr double kActive = 0.01;
  return {{kActiveUnits, static_cast<double>(varying_columns(embeddings(features.values), kActive))}};
}

Tensor VaeObjective::embeddings(const Tensor& features) const { return latent_.mean(features, Mode::evaluate); }

std::optional<data::ContactSheet> VaeObjective::samples(const data::Source& examples) const {
  constexpr std::int64_t kImages = 16;
  const std::int64_t count = std::min(kImages, examples.size());
  DeviceBatch batch(latent_.mean.weight.tensor(Mode::evaluate).context(), examples, count);
  batch.upload(first_examples(examples, count));
  const Tensor images = batch.evaluation_images(options_.evaluation, options_.activations);
  const Tensor features = network_.encoder->forward(images, Mode::evaluate);
  const Tensor mean = latent_.mean(features, Mode::evaluate, {.f32_output = true});
  const Tensor logits = decoder_.forward(convert(mean, options_.activations), Mode::evaluate);
  const auto on_host = [](const Tensor& x) { return convert(x, engine::Dtype::f32).to_host<float>(); };
  return reconstructions({.planes = images.shape(), .bit_planes = examples.layout().bit_planes}, on_host(images),
                         on_host(logits));
}

}  // namespace apps
