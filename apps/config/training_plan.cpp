#include "apps/config/training_plan.h"

#include "apps/config/fields.h"
#include "apps/settings/limits.h"

namespace apps {
namespace {

/// The scaled rate must be in the same range as the unscaled one: kernels use it as a float.
double peak_rate(const Config::Optim& optim, std::int64_t batch) {
  const double base = optim.schedule.peak, peak = engine::scaled_learning_rate(base, optim.lr_scaling, batch);
  const Range range = config_table().find("optim.lr")->range;
  if (peak >= range.min && peak <= range.max) return peak;
  throw UsageError(engine::concat("optim.lr = ", base, " with optim.lr_scaling = ", engine::name(optim.lr_scaling),
                                  " is ", peak, " for batches of ", batch, ", and a learning rate must be from ",
                                  range.min, " to ", range.max, "; change --lr or --lr-scaling"));
}

std::int64_t steps_of(const Config::Train& train, std::int64_t examples) {
  if (train.steps > 0) return train.steps;
  switch (train.steps_from_epochs) {
    case StepsFromEpochs::whole_batches:
      return train.epochs * data::steps_per_epoch(examples, train.batch_size, train.last_batch());
    case StepsFromEpochs::simclr: return engine::simclr_steps(train.epochs, examples, train.batch_size);
  }
  return 0;
}

}  // namespace

TrainingPlan plan_training(const Config::Train& train, const Config::Optim& optim, std::int64_t examples) {
  const std::int64_t batch = train.batch_size;
  if (batch > examples) {
    throw engine::DataError(engine::concat("batch size ", batch, " is larger than the training set of ", examples,
                                           " examples; lower --batch-size"));
  }
  TrainingPlan plan;
  plan.steps_per_epoch = data::steps_per_epoch(examples, batch, train.last_batch());
  const std::int64_t steps = steps_of(train, examples);
  if (steps > kMostSteps) {
    throw UsageError(engine::concat(train.epochs, " epochs of ", plan.steps_per_epoch, " steps are more than ",
                                    kMostSteps, " steps; lower --epochs"));
  }
  const double epochs_of_warmup = optim.warmup_epochs;
  if (epochs_of_warmup * static_cast<double>(examples) / static_cast<double>(batch) > static_cast<double>(kMostSteps)) {
    throw UsageError(engine::concat(epochs_of_warmup, " epochs of warm-up, of ", plan.steps_per_epoch,
                                    " steps each, are more than ", kMostSteps, " steps; lower --warmup-epochs"));
  }
  plan.schedule = optim.schedule;
  plan.schedule.peak = peak_rate(optim, batch);
  plan.schedule.steps = steps;
  plan.schedule.warmup_steps = engine::simclr_warmup_steps(epochs_of_warmup, examples, batch);
  return plan;
}

}  // namespace apps
