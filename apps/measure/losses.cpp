#include "apps/measure/losses.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "apps/run/progress.h"
#include "engine/autograd.h"
#include "losses/contrastive.h"

namespace apps {
namespace {

using engine::Tensor;
using losses::LossName;

/// The parameters of a loss of embeddings with d dimensions: its own defaults in place of those that are not given.
losses::Options resolved(const losses::Options& given, std::int64_t dimensions) {
  losses::Options loss = given.resolved();
  if (loss.name == LossName::swd && loss.slices == 0) loss.slices = dimensions;
  return loss;
}

/// The keys of losses that have an effect, but for the loss's name.
std::vector<MeasuredLoss::Parameter> parameters_of(const Config& config, std::int64_t dimensions) {
  constexpr std::string_view kSection = "loss.";
  Config unset;
  unset.loss.name = config.loss.name;
  unset.loss.prior = config.loss.prior;
  unset.loss = resolved(unset.loss, dimensions);
  std::vector<MeasuredLoss::Parameter> parameters;
  for (const ConfigField& field : config_table()) {
    const bool of_losses = field.key.starts_with(kSection) && field.key != "loss.name" && !is_over_time(field.key);
    if (!of_losses || config_table().unmet(field, config)) continue;
    parameters.push_back({.key = std::string(field.key.substr(kSection.size())),
                          .text = field.text(config),
                          .is_main = !field.flag.empty() || field.text(config) != field.text(unset)});
  }
  return parameters;
}

MeasuredLoss measure_loss(const Tensor& z, const Config& config, bool keeps_gradient) {
  const Tensor rows = z.requires_gradient(), step = Tensor::zeros(z.context(), {1}, engine::Dtype::i32);
  const losses::ContrastiveLoss loss =
      losses::contrastive(rows, config.loss, {.seed = static_cast<std::uint64_t>(config.train.seed), .step = step});
  engine::backward(loss.loss);
  std::vector<float> gradient = rows.gradient().to_host<float>();
  const double squares = std::transform_reduce(gradient.begin(), gradient.end(), 0.0, std::plus<>(), [](float value) {
    return static_cast<double>(value) * static_cast<double>(value);
  });
  return {.name = std::string(engine::name(config.loss.name)),
          .parameters = parameters_of(config, z.shape()[1]),
          .loss = static_cast<double>(loss.loss.item()),
          .alignment = static_cast<double>(loss.alignment.item()),
          .distribution = static_cast<double>(loss.distribution.item()),
          .accuracy = loss.accuracy ? std::optional(static_cast<double>(loss.accuracy.item())) : std::nullopt,
          .gradient_norm = std::sqrt(squares),
          .gradient = keeps_gradient ? std::move(gradient) : std::vector<float>()};
}

/// The priors to measure a loss with; for a loss without one, the default.
std::vector<kernels::Prior> priors_of(const losses::Options& loss, bool one_prior) {
  if (loss.name != LossName::swd || one_prior) return {loss.prior};
  return {kernels::Prior::sphere, kernels::Prior::cube, kernels::Prior::normal};
}

/// The configurations to measure: the one that is asked for, or every loss.
std::vector<Config> variants(const MeasureSettings& settings, std::int64_t dimensions) {
  std::vector<Config> all;
  for (std::size_t i = 0; i < engine::kNames<LossName>.size(); ++i) {
    Config config = settings.config;
    if (settings.one_loss && config.loss.name != static_cast<LossName>(i)) continue;
    config.loss.name = static_cast<LossName>(i);
    for (const kernels::Prior prior : priors_of(config.loss, settings.one_prior || settings.one_loss)) {
      Config& variant = all.emplace_back(config);
      variant.loss.prior = prior;
      // Among all priors, only the normal one has quantiles.
      if (!settings.one_loss && prior != kernels::Prior::normal) variant.loss.prior_sample = losses::PriorSample::drawn;
      variant.loss = resolved(variant.loss, dimensions);
    }
  }
  return all;
}

}  // namespace

void check_losses(const MeasureSettings& settings, std::int64_t dimensions) {
  for (const Config& config : variants(settings, dimensions)) {
    try {
      check_loss(config.loss);
      if (config.loss.name == LossName::swd && *config.loss.slices > dimensions) {
        throw UsageError(engine::concat("loss.slices = ", *config.loss.slices, " must not be above the ", dimensions,
                                        " dimensions of the embeddings: no more directions are orthogonal"));
      }
    } catch (const UsageError& error) {
      if (settings.one_loss) throw;
      throw UsageError(engine::concat(error.what(), "; every loss is measured here, give --loss NAME for one"));
    }
  }
}

std::vector<MeasuredLoss> measure_losses(const Tensor& z, const MeasureSettings& settings, bool shows_progress) {
  const std::vector<Config> configs = variants(settings, z.shape()[1]);
  std::optional<Progress> progress;
  if (shows_progress) {
    progress.emplace(
        Progress::Job{.label = "losses", .unit = "losses", .total = static_cast<std::int64_t>(configs.size())});
  }
  std::vector<MeasuredLoss> measured;
  for (const Config& config : configs) {
    if (progress) progress->update(static_cast<std::int64_t>(measured.size()), engine::name(config.loss.name));
    measured.push_back(measure_loss(z, config, !settings.gradient.empty()));
  }
  if (progress) progress->update(static_cast<std::int64_t>(measured.size()));
  return measured;
}

}  // namespace apps
