#include "apps/config/fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace apps {
namespace {

void check_queue(const QueueOptions& queue, std::int64_t batch) {
  if (queue.size < batch || queue.size % batch != 0) {
    throw UsageError(
        fmt::format("queue.size = {} must be a multiple of train.batch_size = {}, as a step replaces whole "
                    "batches of keys; {} would be one",
                    queue.size, batch, std::max<std::int64_t>(1, queue.size / batch) * batch));
  }
  if (batch % queue.batch_norm_groups != 0) {
    throw UsageError(
        fmt::format("queue.batch_norm_groups = {} must divide train.batch_size = {}", queue.batch_norm_groups, batch));
  }
}

}  // namespace

const Table<Config>& config_table() {
  static const Table<Config> table = {objective_fields(), data_fields(),  augmentation_fields(), model_fields(),
                                      loss_fields(),      optim_fields(), train_fields(),        eval_fields(),
                                      lineval_fields(),   run_fields()};
  return table;
}

void check_loss(const losses::Options& loss) {
  if (loss.ifm_epsilon > 0 && (loss.hard_negative_beta > 0 || loss.debias_tau_plus > 0)) {
    throw UsageError(
        "loss.ifm_epsilon excludes loss.hard_negative_beta and loss.debias_tau_plus: set it or both of them to 0");
  }
  const losses::Options resolved = loss.resolved();
  const bool shares = loss.name == losses::LossName::sigreg || loss.name == losses::LossName::visreg;
  if (shares && *resolved.lambda > 1) {
    throw UsageError(fmt::format("loss.lambda = {} must be at most 1 for {}, as 1 - lambda weighs the alignment",
                                 *resolved.lambda, engine::name(loss.name)));
  }
  const float low = *resolved.temperature;
  if (loss.temperature_schedule == losses::TemperatureSchedule::cosine && low > loss.temperature_high) {
    throw UsageError(
        fmt::format("loss.temperature = {} must not be above loss.temperature_high = {}", low, loss.temperature_high));
  }
}

void check(const Config& config) {
  if (config.train.epochs == 0 && config.train.steps == 0) {
    throw UsageError(
        "the length of the training is missing: give --epochs N, --steps N, or a --recipe that sets one of them");
  }
  if (config.train.epochs != 0 && config.train.steps != 0) {
    throw UsageError(fmt::format("train.epochs = {} and train.steps = {} exclude each other: set one of them to 0",
                                 config.train.epochs, config.train.steps));
  }
  if (const auto& [area_min, area_max, aspect_min, aspect_max] = config.data.augment.crops; area_min > area_max) {
    throw UsageError(
        fmt::format("data.crop_area_min = {} must not be above data.crop_area_max = {}", area_min, area_max));
  }
  if (const AugmentationOptions& augment = config.data.augment; augment.sigma_min > augment.sigma_max) {
    throw UsageError(fmt::format("augment.sigma_min = {} must not be above augment.sigma_max = {}", augment.sigma_min,
                                 augment.sigma_max));
  }
  check_loss(config.loss);
  if (config.objective.name == ObjectiveName::queue) check_queue(config.queue, config.train.batch_size);
  if (config.loss.name == losses::LossName::swd && config.loss.slices.value_or(0) > config.model.head.out) {
    throw UsageError(
        fmt::format("loss.slices = {} must not be above model.proj_dim = {}: no more directions are orthogonal",
                    *config.loss.slices, config.model.head.out));
  }
  config_table().check_conditions(config);
}

}  // namespace apps
