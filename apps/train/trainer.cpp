#include "apps/train/trainer.h"

#include <algorithm>
#include <map>

#include "apps/config/fields.h"
#include "apps/evaluation/features.h"
#include "apps/evaluation/ranks.h"
#include "apps/input/augmentation_rules.h"
#include "apps/input/crops.h"
#include "apps/input/label_set.h"
#include "apps/input/run_data.h"
#include "apps/objectives/groups.h"
#include "apps/objectives/make_encoder.h"
#include "apps/run/exit_code.h"
#include "apps/run/signals.h"
#include "apps/run/thread_choice.h"
#include "apps/settings/limits.h"
#include "apps/train/captured_step.h"
#include "apps/train/collapse.h"
#include "apps/train/fitting_batch.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/parameter_files.h"
#include "engine/io/files.h"

namespace apps {
namespace {

/// The result of `compute`; if memory runs out, that of another try, after the captured step has given up its own.
template <class Compute>
auto in_memory_of(CapturedStep& step, const Compute& compute) {
  try {
    return compute();
  } catch (const engine::OutOfMemory&) {
    if (!step.release()) throw;
    return compute();
  }
}

/// How gradients are summed over the ranks.
engine::GradientSum::Options sum_of(const Config::Run& run) {
  const auto sent_as = [&] {
    switch (run.sent_gradients) {
      case SentGradients::fp32: break;
      case SentGradients::bf16: return engine::Dtype::bf16;
    }
    return engine::Dtype::f32;
  };
  return {.bucket_bytes = run.bucket_mib << 20, .sent_as = sent_as()};
}

}  // namespace
namespace fs = std::filesystem;

Trainer::Trainer(const engine::Context& context, const Config& config, const fs::path& weights)
    : context_(context),
      config_(config),
      skipped_(notes_of_skipped(config.data)),
      train_(open_data(config.data, data::Role::pretrain, config.train.seed, skipped_)),
      test_(open_data(config.data, data::Role::probe_test, config.train.seed, skipped_)),
      plan_(plan_training(config.train, config.optim, train_->size())),
      model_(make_model(context, config, *train_, weights)),
      optimizer_(make_optimizer(config.optim.update, model_.parameters)),
      train_step_(model_, *optimizer_, sum_of(config.run)) {
  check_roles_match(*train_, *test_);
  check_crops(training_rules(config.data.augment, *train_), *train_);
  for (const OnlineProbe& probe : model_.probes) label_set(*test_, probe.options().label_set, "model.probe_labels");
}

void Trainer::restore(const Checkpoint& checkpoint) {
  if (checkpoint.state.threads != context_.threads()) {
    throw UsageError(engine::concat(
        "the run was computed with --threads ", checkpoint.state.threads, "; with ", threads_text(context_.threads()),
        " its results would differ in the last bits; resume with --threads ", checkpoint.state.threads));
  }
  load_model(checkpoint.directory / kModelFile, model_.state());
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

void Trainer::share_state() {
  engine::Communicator& ranks = context_.communicator();
  if (ranks.ranks() == 1) return;
  for (const engine::ParameterSet* set : model_.state()) {
    ranks.broadcast(set->values(), 0);
    set->refresh_shadow();
    for (std::size_t i = 0; i < set->states().size(); ++i) ranks.broadcast(set->state(i), 0);
  }
  for (const engine::NamedTensor& state : optimizer_->state()) ranks.broadcast(state.tensor, 0);
  step_ = ranks.highest(step_);  // only rank 0 has restored one
}

RunCosts Trainer::costs(double budget_seconds) {
  return measure_costs(
      context_,
      {.model = model_, .step = train_step_, .config = config_, .plan = plan_, .train = *train_, .test = *test_},
      budget_seconds);
}

bool Trainer::run_or_advise(CapturedStep& step) {
  try {
    return step.run();
  } catch (const engine::OutOfMemory& error) {
    if (context_.ranks() > 1) throw error.with_remedy("lower --batch-size, or start more ranks");
    throw error.with_remedy(
        fitting_batch(context_, train_step_, status_->clock(), *train_, config_.train.batch_size, error));
  }
}

TrainingState Trainer::state() const {
  return {.step = step_,
          .epoch = step_ / plan_.steps_per_epoch,
          .cursor = step_ % plan_.steps_per_epoch * config_.train.batch_size,
          .seed = config_.train.seed,
          .threads = context_.threads(),
          .world_size = context_.ranks()};
}

void Trainer::write_tensors(const fs::path& directory) const {
  save_model(directory / kModelFile, model_.state(), describe_encoder(config_.model.encoder, *train_));
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
  const auto has = [&](const char* group) { return model_.parameters.trainable(group) > 0; };
  const std::string fits = fits_torchvision(config_.model.encoder, *train_);
  write("backbone.safetensors", {kEncoder},
        fits == "yes" ? "no: without fc.weight and fc.bias, as in classifier.safetensors" : fits);
  if (has(kProjector)) write("projector.safetensors", {kProjector}, "no: torchvision has no projection head");
  if (has(kProbe)) write("linear_head.safetensors", {kProbe}, "no: fc.weight and fc.bias alone");
  const char* head = has(kClassifier) ? kClassifier : kProbe;
  if (has(head)) write("classifier.safetensors", {kEncoder, head}, fits);
}

std::vector<Scalar> Trainer::evaluated() const {
  std::vector<Scalar> scalars;
  for (const OnlineProbe& probe : model_.probes) scalars.push_back(probe.scalar());
  for (const Scalar& scalar : model_.objective->evaluated()) scalars.push_back(scalar);
  scalars.push_back({.name = kEffectiveRank, .axis = {.label = "effective rank", .min = 0}});
  return scalars;
}

std::optional<std::vector<Measured>> Trainer::evaluate(CapturedStep& step) const {
  return in_memory_of(step, [this] { return evaluate(); });
}

std::optional<data::ContactSheet> Trainer::samples(CapturedStep& step) const {
  return in_memory_of(step, [this] { return model_.objective->samples(*test_); });
}

bool Trainer::look(const Inspection& inspection, CapturedStep& step) const {
  return in_memory_of(step, [&] { return inspection.look(step_); });
}

std::optional<std::vector<Measured>> Trainer::evaluate() const {
  struct Stopped {};
  const auto stop = [this](std::int64_t) {
    if (context_.ranks() == 1 && stop_signal() != 0) throw Stopped();
  };
  try {
    stop(0);
    std::map<std::string, Features> features;
    std::vector<std::string> taps = model_.taps();
    if (std::find(taps.begin(), taps.end(), Representation::kFeatures) == taps.end())
      taps.emplace_back(Representation::kFeatures);
    for (const std::string& tap : taps) {
      features[tap] = extract_features(context_, model_.objective->representation(tap), *test_,
                                       {.rules = evaluation_rules(config_.data.augment, *test_),
                                        .images = activation_dtype(config_.run.compute.precision),
                                        .workers = config_.data.loader.workers},
                                       stop);
    }
    std::vector<Measured> measured;
    if (context_.communicator().rank() > 0) return measured;
    for (const OnlineProbe& probe : model_.probes) measured.push_back(probe.accuracy(features[probe.options().tap]));
    for (const Measured& of_objective : model_.objective->evaluate(features[Representation::kFeatures]))
      measured.push_back(of_objective);
    const engine::Tensor embeddings = model_.objective->embeddings(features[Representation::kFeatures].values);
    measured.push_back({evaluated().back(), effective_ranks(embeddings).rank_me});
    return measured;
  } catch (const Stopped&) { return std::nullopt; }
}

}  // namespace apps
