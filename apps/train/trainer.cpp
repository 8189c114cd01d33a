#include "apps/train/trainer.h"

#include <algorithm>
#include <map>

#include "apps/config/fields.h"
#include "apps/evaluation/features.h"
#include "apps/evaluation/ranks.h"
#include "apps/input/crops.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/signals.h"
#include "apps/run/thread_choice.h"
#include "apps/settings/limits.h"
#include "apps/train/captured_step.h"
#include "apps/train/collapse.h"
#include "apps/train/fitting_batch.h"
#include "apps/train/groups.h"
#include "apps/train/make_encoder.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/parameter_files.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

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
    case StepsFromEpochs::whole_batches: return train.epochs * (examples / train.batch_size);
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
  plan.steps_per_epoch = examples / batch;
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

Trainer::Trainer(const engine::Context& context, const Config& config)
    : context_(context),
      config_(config),
      train_(open_data(config.data, data::Split::train, config.train.seed)),
      test_(open_data(config.data, data::Split::test, config.train.seed)),
      plan_(plan_training(config.train, config.optim, train_->size())),
      model_(make_model(context, config, *train_)),
      batch_(context, *train_, config.train.batch_size),
      optimizer_(make_optimizer(config.optim.update, model_.parameters)),
      train_step_(model_, *optimizer_) {
  check_splits_match(*train_, *test_);
  check_crops(config.data.crops, train_->image_shape());
}

void Trainer::restore(const Checkpoint& checkpoint) {
  if (checkpoint.state.threads != context_.threads()) {
    throw UsageError(engine::concat(
        "the run was computed with --threads ", checkpoint.state.threads, "; with ", threads_text(context_.threads()),
        " its results would differ in the last bits; resume with --threads ", checkpoint.state.threads));
  }
  load_model(checkpoint.directory / kModelFile, model_.parameters);
  load_optimizer(checkpoint.directory / kOptimizerFile, *optimizer_);
  step_ = checkpoint.state.step;
  loss_ = checkpoint.state.loss;
  const TrainingState now = state(), &then = checkpoint.state;
  if (now.cursor != then.cursor || now.epoch != then.epoch || now.seed != then.seed) {
    throw engine::DataError(engine::concat(
        "step ", step_, " of the run was image ", then.cursor, " of epoch ", then.epoch, " with seed ", then.seed,
        ", and with these ", train_->size(), " training examples and this configuration it is image ", now.cursor,
        " of epoch ", now.epoch, " with seed ", now.seed, "; resume with the data that the run began with"));
  }
}

bool Trainer::run_or_advise(CapturedStep& step) {
  try {
    return step.run();
  } catch (const engine::OutOfMemory& error) {
    throw error.with_remedy(
        fitting_batch(context_, train_step_, status_->clock(), *train_, config_.train.batch_size, error));
  }
}

TrainingState Trainer::state() const {
  return {.step = step_,
          .epoch = step_ / plan_.steps_per_epoch,
          .cursor = step_ % plan_.steps_per_epoch * config_.train.batch_size,
          .seed = config_.train.seed,
          .threads = context_.threads()};
}

void Trainer::write_tensors(const fs::path& directory) const {
  save_model(directory / kModelFile, model_.parameters, describe_encoder(config_.model.encoder, *train_));
  save_optimizer(directory / kOptimizerFile, *optimizer_);
}

void Trainer::write_exports(const fs::path& directory) const {
  engine::create_directory(directory);
  std::map<std::string, std::string> metadata = describe_encoder(config_.model.encoder, *train_);
  metadata.insert({{"mean", "0"}, {"std", "1"}, {"epoch", std::to_string(step_ / plan_.steps_per_epoch)}});
  const auto write = [&](const char* name, const std::vector<std::string>& groups, const std::string& loads) {
    metadata["loads_in_torchvision"] = loads;
    export_groups(directory / name, model_.parameters, groups, metadata);
  };
  const std::string fits = fits_torchvision(config_.model.encoder, *train_);
  write("backbone.safetensors", {kEncoder},
        fits == "yes" ? "no: without fc.weight and fc.bias, as in classifier.safetensors" : fits);
  write("projector.safetensors", {kProjector}, "no: torchvision has no projection head");
  write("linear_head.safetensors", {kProbe}, "no: fc.weight and fc.bias alone");
  write("classifier.safetensors", {kEncoder, kProbe}, fits);
}

std::vector<Scalar> Trainer::evaluated() const {
  std::vector<Scalar> scalars;
  for (const OnlineProbe& probe : model_.probes) scalars.push_back(probe.scalar());
  scalars.push_back({.name = kEffectiveRank, .axis = {.label = "effective rank", .min = 0}});
  return scalars;
}

std::optional<std::vector<Measured>> Trainer::evaluate(CapturedStep& step) const {
  try {
    return evaluate();
  } catch (const engine::OutOfMemory&) {
    if (!step.release()) throw;
    return evaluate();
  }
}

std::optional<std::vector<Measured>> Trainer::evaluate() const {
  struct Stopped {};
  const auto stop = [](std::int64_t) {
    if (stop_signal() != 0) throw Stopped();
  };
  try {
    stop(0);
    std::map<std::string, Features> features;
    std::vector<std::string> taps = model_.taps();
    if (std::find(taps.begin(), taps.end(), Representation::kFeatures) == taps.end())
      taps.emplace_back(Representation::kFeatures);
    for (const std::string& tap : taps) {
      features[tap] = extract_features(context_, model_.objective->representation(tap), *test_, stop,
                                       activation_dtype(config_.run.compute.precision));
    }
    std::vector<Measured> measured;
    for (const OnlineProbe& probe : model_.probes) measured.push_back(probe.accuracy(features[probe.options().tap]));
    const engine::Tensor embeddings = model_.objective->embeddings(features[Representation::kFeatures].values);
    measured.push_back({evaluated().back(), effective_ranks(embeddings).rank_me});
    return measured;
  } catch (const Stopped&) { return std::nullopt; }
}

}  // namespace apps
