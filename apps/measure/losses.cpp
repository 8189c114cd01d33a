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

/// The keys of losses that have an effect, but for the loss's name.
std::vector<MeasuredLoss::Parameter> parameters_of(const Config& config) {
  constexpr std::string_view kSection = "loss.";
  Config unset;
  unset.loss.name = config.loss.name;
  unset.loss = unset.loss.resolved();
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
          .parameters = parameters_of(config),
          .loss = static_cast<double>(loss.loss.item()),
          .alignment = static_cast<double>(loss.alignment.item()),
          .distribution = static_cast<double>(loss.distribution.item()),
          .accuracy = loss.accuracy ? std::optional(static_cast<double>(loss.accuracy.item())) : std::nullopt,
          .gradient_norm = std::sqrt(squares),
          .gradient = keeps_gradient ? std::move(gradient) : std::vector<float>()};
}

/// The priors to measure a loss with: for a loss without one, the default.
std::vector<kernels::Prior> priors_of(const losses::Options& loss) {
  if (loss.name != LossName::swd) return {loss.prior};
  return {kernels::Prior::sphere, kernels::Prior::cube, kernels::Prior::normal};
}

/// The configurations to measure: the one that is asked for, or every loss.
std::vector<Config> variants(const MeasureSettings& settings) {
  std::vector<Config> all;
  if (settings.one_loss) {
    all.push_back(settings.config);
    all.back().loss = settings.config.loss.resolved();
    return all;
  }
  for (std::size_t i = 0; i < engine::kNames<LossName>.size(); ++i) {
    Config config = settings.config;
    config.loss.name = static_cast<LossName>(i);
    for (const kernels::Prior prior : priors_of(config.loss)) {
      config.loss.prior = prior;
      all.push_back(config);
      all.back().loss = config.loss.resolved();
    }
  }
  return all;
}

}  // namespace

std::vector<MeasuredLoss> measure_losses(const Tensor& z, const MeasureSettings& settings, bool shows_progress) {
  std::vector<Config> configs = variants(settings);
  for (Config& config : configs) {
    if (config.loss.slices == 0) config.loss.slices = z.shape()[1];
  }
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
