#include "apps/train/trainer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "apps/evaluation/features.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/metrics.h"
#include "apps/run/precision.h"
#include "apps/run/signals.h"
#include "apps/train/fitting_batch.h"
#include "apps/train/late_records.h"
#include "apps/train/make_encoder.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"
#include "apps/train/repeated_step.h"
#include "engine/autograd.h"
#include "engine/io/files.h"

namespace apps {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

/// Where the scalars of a step record are.
enum Scalar { kLoss, kAlignment, kDistribution, kContrastAccuracy, kProbeAccuracy, kGradientNorm };

engine::LearningRateScaling scaling(const std::string& name) {
  if (name == "linear") return engine::LearningRateScaling::linear;
  return name == "sqrt" ? engine::LearningRateScaling::sqrt : engine::LearningRateScaling::none;
}

engine::Decay decay(const std::string& name) {
  if (name == "polynomial") return engine::Decay::polynomial;
  return name == "cosine" ? engine::Decay::cosine : engine::Decay::constant;
}

double milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

TrainingPlan plan_training(const Config& config, std::int64_t examples) {
  const std::int64_t batch = config.train.batch_size;
  if (batch > examples) {
    throw engine::DataError(engine::concat("batch size ", batch, " is larger than the training set of ", examples,
                                           " examples; lower --batch-size"));
  }
  TrainingPlan plan;
  plan.steps_per_epoch = examples / batch;
  const std::int64_t steps = config.train.steps > 0 ? config.train.steps
                             : config.train.steps_from_epochs == "simclr"
                                 ? engine::simclr_steps(config.train.epochs, examples, batch)
                                 : config.train.epochs * plan.steps_per_epoch;
  constexpr std::int64_t kMostSteps = 1'000'000'000;  // the step counter on the device is 32 bits wide
  if (steps > kMostSteps) {
    throw UsageError(engine::concat(config.train.epochs, " epochs of ", plan.steps_per_epoch, " steps are more than ",
                                    kMostSteps, " steps; lower --epochs"));
  }
  plan.schedule = {.peak = engine::scaled_learning_rate(config.optim.lr, scaling(config.optim.lr_scaling), batch),
                   .decay = decay(config.optim.schedule),
                   .power = config.optim.polynomial_power,
                   .steps = steps,
                   .warmup_steps = engine::simclr_warmup_steps(config.optim.warmup_epochs, examples, batch)};
  return plan;
}

Trainer::Trainer(const engine::Context& context, const Config& config)
    : context_(context),
      config_(config),
      train_(open_data(config, data::Split::train)),
      test_(open_data(config, data::Split::test)),
      plan_(plan_training(config, train_->size())),
      network_(context, config, *train_),
      batch_(context, *train_, config.train.batch_size),
      optimizer_(make_optimizer(config.optim, network_.parameters)) {
  check_splits_match(*train_, *test_);
}

void Trainer::restore(const Checkpoint& checkpoint) {
  if (checkpoint.state.threads != context_.threads()) {
    throw UsageError(engine::concat("the run was computed with --threads ", checkpoint.state.threads,
                                    " and would not go on bit by bit with ", context_.threads(),
                                    "; resume with --threads ", checkpoint.state.threads));
  }
  load_model(checkpoint.directory / "model.safetensors", network_.parameters);
  load_optimizer(checkpoint.directory / "optimizer.safetensors", *optimizer_);
  step_ = checkpoint.state.step;
  if (state() != checkpoint.state) {
    throw engine::DataError(engine::concat("step ", step_, " of the run was image ", checkpoint.state.cursor,
                                           " of epoch ", checkpoint.state.epoch, ", and with these ", train_->size(),
                                           " training examples it is image ", state().cursor, " of epoch ",
                                           state().epoch, "; resume with the data that the run began with"));
  }
}

void Trainer::train_step() {
  network_.parameters.begin_step();
  const ObjectiveOutcome outcome = contrastive_objective(config_, network_, batch_);
  engine::backward(outcome.total);
  network_.parameters.finish_gradients();
  const engine::LayerRange layer(context_, "optimizer");
  optimizer_->step(outcome.total, *status_);
  const engine::Tensor scalars[] = {outcome.loss,           outcome.alignment,
                                    outcome.distribution,   outcome.contrast_accuracy,
                                    outcome.probe_accuracy, optimizer_->norms().first_dimension_range(0, 1)};
  status_->finish_step(scalars);
}

bool Trainer::run_or_advise(RepeatedStep& step) {
  try {
    return step.run();
  } catch (const engine::OutOfMemory& error) {
    throw error.with_remedy(fitting_batch(context_, config_, network_, *train_, error));
  }
}

Trainer::Summary Trainer::run(RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled) {
  const std::int64_t steps = plan_.schedule.steps, per_epoch = plan_.steps_per_epoch;
  status_.emplace(context_, plan_.schedule.table(), step_);
  Plans plans(context_, directory.path());
  if (plans.made_elsewhere()) {
    directory.log(
        "plans.json is of another processor, number of threads or build: algorithms are timed anew, and "
        "results may round differently from here on");
  }
  Checkpoints checkpoints(directory.path(), config_.run.keep);
  MetricsFile metrics(directory.path() / "metrics.jsonl", step_ > 0 ? step_ : -1);
  data::Loader loader(*train_, loader_options(config_, step_));
  // A replay names no layers.
  RepeatedStep step(
      context_, [this] { train_step(); }, config_.run.cuda_graph && !context_.profiler().follows_layers());

  Summary summary;
  const Clock::time_point begin = Clock::now();
  LateRecords late(*status_);
  Window window;
  bool said_short = false;  // of memory
  while (step_ < steps) {
    if (step_ + 1 == profiled.first) context_.backend().collect_profile(true);
    {
      const data::Loader::Lease batch = loader.next();
      window.wait_ms += batch.waited_ms();
      batch_.upload(*batch);
    }
    if (run_or_advise(step)) status_->count_step();
    if (step.lacks_memory() && !std::exchange(said_short, true))
      directory.log("memory is short: steps are issued kernel by kernel; a smaller --batch-size can be recorded");
    ++step_;
    if (step_ == profiled.last) context_.backend().collect_profile(false);
    ++window.steps;
    if (summary.steps++ == 0) {  // it also compiled and timed algorithms
      plans.save();
      context_.profiler().clear();
      context_.pool().reset_peak();
    }

    const int signal = stop_signal();
    const bool epoch_ends = step_ % per_epoch == 0, last = step_ == steps;
    const auto each = [&](std::int64_t n) { return epoch_ends && n > 0 && step_ / per_epoch % n == 0; };
    const bool logs = step_ % config_.run.log_every == 0 || epoch_ends || last;
    const bool evaluates = last || each(config_.eval.every);
    const bool saves = last || signal != 0 || each(config_.run.ckpt_every);
    // Nothing is saved that was not seen to be finite, and the ring of records must not overflow.
    if (logs || signal != 0 || window.steps % engine::TrainingStatus::kSlots == 0) late.request(window, logs);
    // A GPU's records come a few steps late: only what is made of the weights waits for them.
    while (const auto read = evaluates || saves ? late.awaited() : late.arrived()) {
      const auto scalar = [&](Scalar i) { return static_cast<double>(read->record.scalars[i]); };
      summary.loss = scalar(kLoss);
      if (read->logs || status_->nonfinite()) {
        metrics.write({.step = read->record.step,
                       .epoch = epochs(read->record.step),
                       .time = unix_time(),
                       .loss = scalar(kLoss),
                       .loss_align = scalar(kAlignment),
                       .loss_dist = scalar(kDistribution),
                       .contrast_acc = scalar(kContrastAccuracy),
                       .probe_acc = scalar(kProbeAccuracy),
                       .lr = read->record.learning_rate,
                       .grad_norm = scalar(kGradientNorm),
                       .images_per_s = static_cast<double>(config_.train.batch_size) * 1e3 / read->step_ms,
                       .step_ms = read->step_ms,
                       .data_wait_ms = read->wait_ms,
                       .mem_peak_bytes = static_cast<double>(context_.pool().peak_bytes())});
      }
      if (status_->nonfinite()) fail_nonfinite(directory);
    }
    observe(step_, summary.loss ? fmt::format("loss {:.4f}", *summary.loss) : "");

    if (evaluates) {
      summary.test_accuracy = test_accuracy(step);
      metrics.write({.step = step_,
                     .epoch = epochs(step_),
                     .time = unix_time(),
                     .phase = "eval",
                     .probe_acc = summary.test_accuracy});
      directory.log(fmt::format("step {}: loss {:.4f}, online probe {:.4f} on the test set", step_, *summary.loss,
                                summary.test_accuracy));
    }
    if (saves) {
      plans.save();  // before the checkpoint: what follows it must round as what came before
      checkpoints.save(state(), [this](const fs::path& path) { write_tensors(path); });
    }
    if (logs) window = {};  // after evaluation and checkpoint, which are no part of a step's time
    if (signal != 0 && !last) interrupt(directory, signal);
  }
  summary.seconds = milliseconds(Clock::now() - begin) / 1e3;
  if (!summary.loss) summary.test_accuracy = test_accuracy();  // resumed after its last step
  write_exports(directory.path() / "export");
  directory.log(fmt::format("finished after step {}", step_));
  return summary;
}

TrainingState Trainer::state() const {
  return {.step = step_,
          .epoch = step_ / plan_.steps_per_epoch,
          .cursor = step_ % plan_.steps_per_epoch * config_.train.batch_size,
          .seed = config_.train.seed,
          .threads = context_.threads()};
}

void Trainer::write_tensors(const fs::path& directory) const {
  save_model(directory / "model.safetensors", network_.parameters, describe_encoder(config_, *train_));
  save_optimizer(directory / "optimizer.safetensors", *optimizer_);
}

void Trainer::write_exports(const fs::path& directory) const {
  engine::create_directories(directory);
  std::map<std::string, std::string> metadata = describe_encoder(config_, *train_);
  metadata.insert({{"mean", "0"}, {"std", "1"}, {"epoch", std::to_string(step_ / plan_.steps_per_epoch)}});
  const auto write = [&](const char* name, std::initializer_list<engine::Part> parts, const std::string& loads) {
    metadata["loads_in_torchvision"] = loads;
    export_parts(directory / name, network_.parameters, parts, metadata);
  };
  using engine::Part;
  const std::string fits = fits_torchvision(config_, *train_);
  write("backbone.safetensors", {Part::encoder},
        fits == "yes" ? "no: without fc.weight and fc.bias, as in classifier.safetensors" : fits);
  write("projector.safetensors", {Part::projector}, "no: torchvision has no projection head");
  write("linear_head.safetensors", {Part::probe}, "no: fc.weight and fc.bias alone");
  write("classifier.safetensors", {Part::encoder, Part::probe}, fits);
}

double Trainer::epochs(std::int64_t step) const {
  return static_cast<double>(step) / static_cast<double>(plan_.steps_per_epoch);
}

void Trainer::interrupt(RunDirectory& directory, int signal) const {
  directory.log(engine::concat(signal_name(signal), ": stopped after step ", step_, ", checkpoint written"));
  throw Interrupted(engine::concat("stopped by ", signal_name(signal), " after step ", step_, " of ",
                                   plan_.schedule.steps, "; go on with --resume ", directory.path().string()));
}

void Trainer::fail_nonfinite(RunDirectory& directory) {
  const std::int64_t failed = status_->completed_steps() + 1;
  const fs::path crash = directory.path() / "crash" / fmt::format("step_{}", failed);
  const std::string problem = fmt::format("the loss or its gradient is not finite in step {}", failed);
  try {
    engine::create_directories(crash);
    write_tensors(crash);                 // as they were before that step: the update did not happen
  } catch (const engine::Error& error) {  // a full disk must not hide why the run ended
    directory.log(problem);
    throw NonFiniteError(fmt::format("{}; the weights before it were not kept: {}", problem, error.what()));
  }
  const std::string message =
      fmt::format("{}; the weights before it are in {}; lower --lr or raise --temperature", problem, crash.string());
  directory.log(message);
  throw NonFiniteError(message);
}

double Trainer::test_accuracy(RepeatedStep& step) const {
  try {
    return test_accuracy();
  } catch (const engine::OutOfMemory&) {
    if (!step.forget()) throw;
    return test_accuracy();
  }
}

double Trainer::test_accuracy() const {
  return probe_accuracy(*network_.probe,
                        extract_features(context_, *network_.encoder, *test_, {}, activation_dtype(config_)));
}

}  // namespace apps
