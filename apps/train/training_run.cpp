// The loop over a trainer's steps, and what it leaves in the run directory on the way.
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/metrics.h"
#include "apps/run/signals.h"
#include "apps/train/late_records.h"
#include "apps/train/plans.h"
#include "apps/train/repeated_step.h"
#include "apps/train/trainer.h"
#include "engine/io/files.h"

namespace apps {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

/// Where the scalars of a step record are, as Trainer::train_step puts them.
enum Scalar { kLoss, kAlignment, kDistribution, kContrastAccuracy, kProbeAccuracy, kGradientNorm };

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

class Trainer::Run {
 public:
  Run(Trainer& trainer, RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled);

  /// Does the steps that are left, and writes the exports.
  Summary finish();

 private:
  /// What there is to do after a step.
  struct Due {
    bool logs, evaluates, saves;
    int signal;  ///< that asks to stop, or 0
  };

  void issue_step();
  Due due() const;
  void take_records(const Due& due);
  void write_record(const LateRecords::Read& read);
  void evaluate();
  void save();
  [[noreturn]] void interrupt(int signal);
  [[noreturn]] void fail_nonfinite();

  Trainer& trainer_;
  RunDirectory& directory_;
  const Observer& observe_;
  const ProfiledSteps profiled_;
  Plans plans_;
  Checkpoints checkpoints_;
  MetricsFile metrics_;
  data::Loader loader_;
  RepeatedStep step_;
  LateRecords late_;
  Window window_;
  Summary summary_;
  bool said_short_ = false;  // of memory
};

Trainer::Run::Run(Trainer& trainer, RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled)
    : trainer_(trainer),
      directory_(directory),
      observe_(observe),
      profiled_(profiled),
      plans_(trainer.context_, directory.path()),
      checkpoints_(directory.path(), trainer.config_.run.keep),
      metrics_(directory.path() / "metrics.jsonl", trainer.step_ > 0 ? trainer.step_ : -1),
      loader_(*trainer.train_, loader_options(trainer.config_, trainer.step_)),
      step_(
          trainer.context_, [&trainer] { trainer.train_step(); },
          // A replay names no layers.
          trainer.config_.run.cuda_graph && !trainer.context_.profiler().follows_layers()),
      late_(*trainer.status_) {
  if (!plans_.made_elsewhere()) return;
  directory_.log(
      "plans.json is of another processor, number of threads or build: algorithms are timed anew, and "
      "results may round differently from here on");
}

Trainer::Summary Trainer::Run::finish() {
  const Clock::time_point begin = Clock::now();
  while (trainer_.step_ < trainer_.plan_.schedule.steps) {
    issue_step();
    const Due now = due();
    take_records(now);
    observe_(trainer_.step_, summary_.loss ? fmt::format("loss {:.4f}", *summary_.loss) : "");
    if (now.evaluates) evaluate();
    if (now.saves) save();
    if (now.logs) window_ = {};  // after evaluation and checkpoint, which are no part of a step's time
    if (now.signal != 0 && trainer_.step_ < trainer_.plan_.schedule.steps) interrupt(now.signal);
  }
  summary_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (!summary_.loss) summary_.test_accuracy = trainer_.test_accuracy();  // resumed after its last step
  trainer_.write_exports(directory_.path() / "export");
  directory_.log(fmt::format("finished after step {}", trainer_.step_));
  return summary_;
}

void Trainer::Run::issue_step() {
  const engine::Context& context = trainer_.context_;
  if (trainer_.step_ + 1 == profiled_.first) context.backend().collect_profile(true);
  {
    const data::Loader::Lease batch = loader_.next();
    window_.wait_ms += batch.waited_ms();
    trainer_.batch_.upload(*batch);
  }
  trainer_.status_->prepare_step();
  if (trainer_.run_or_advise(step_)) trainer_.status_->count_step();
  if (step_.lacks_memory() && !std::exchange(said_short_, true))
    directory_.log("memory is short: steps are issued kernel by kernel; a smaller --batch-size can be recorded");
  ++trainer_.step_;
  if (trainer_.step_ == profiled_.last) context.backend().collect_profile(false);
  ++window_.steps;
  if (summary_.steps++ == 0) {  // it also compiled and timed algorithms
    plans_.save();
    context.profiler().clear();
    context.pool().reset_peak();
  }
}

Trainer::Run::Due Trainer::Run::due() const {
  const Config& config = trainer_.config_;
  const std::int64_t step = trainer_.step_, per_epoch = trainer_.plan_.steps_per_epoch;
  const int signal = stop_signal();
  const bool epoch_ends = step % per_epoch == 0, last = step == trainer_.plan_.schedule.steps;
  const auto each = [&](std::int64_t n) { return epoch_ends && n > 0 && step / per_epoch % n == 0; };
  return {.logs = step % config.run.log_every == 0 || epoch_ends || last,
          .evaluates = last || each(config.eval.every),
          .saves = last || signal != 0 || each(config.run.ckpt_every),
          .signal = signal};
}

/// Asks for the records that the step makes due, and writes those that have arrived.
void Trainer::Run::take_records(const Due& due) {
  // Nothing is saved that was not seen to be finite, and the ring of records must not overflow.
  if (due.logs || due.signal != 0 || window_.steps % engine::TrainingStatus::kSlots == 0)
    late_.request(window_, due.logs);
  // A GPU's records come a few steps late: only what is made of the weights waits for them.
  while (const auto read = due.evaluates || due.saves ? late_.awaited() : late_.arrived()) {
    summary_.loss = static_cast<double>(read->record.scalars[kLoss]);
    if (read->logs || trainer_.status_->nonfinite()) write_record(*read);
    if (trainer_.status_->nonfinite()) fail_nonfinite();
  }
}

void Trainer::Run::write_record(const LateRecords::Read& read) {
  const auto scalar = [&](Scalar i) { return static_cast<double>(read.record.scalars[i]); };
  metrics_.write({.step = read.record.step,
                  .epoch = trainer_.epochs(read.record.step),
                  .time = unix_time(),
                  .loss = scalar(kLoss),
                  .loss_align = scalar(kAlignment),
                  .loss_dist = scalar(kDistribution),
                  .contrast_acc = scalar(kContrastAccuracy),
                  .probe_acc = scalar(kProbeAccuracy),
                  .lr = read.record.learning_rate,
                  .grad_norm = scalar(kGradientNorm),
                  .images_per_s = static_cast<double>(trainer_.config_.train.batch_size) * 1e3 / read.step_ms,
                  .step_ms = read.step_ms,
                  .data_wait_ms = read.wait_ms,
                  .mem_peak_bytes = static_cast<double>(trainer_.context_.pool().peak_bytes())});
}

void Trainer::Run::evaluate() {
  const std::int64_t step = trainer_.step_;
  summary_.test_accuracy = trainer_.test_accuracy(step_);
  metrics_.write({.step = step,
                  .epoch = trainer_.epochs(step),
                  .time = unix_time(),
                  .phase = "eval",
                  .probe_acc = summary_.test_accuracy});
  directory_.log(fmt::format("step {}: loss {:.4f}, online probe {:.4f} on the test set", step, *summary_.loss,
                             summary_.test_accuracy));
}

void Trainer::Run::save() {
  plans_.save();  // before the checkpoint: what follows it must round as what came before
  checkpoints_.save(trainer_.state(), [this](const fs::path& path) { trainer_.write_tensors(path); });
}

void Trainer::Run::interrupt(int signal) {
  const std::int64_t step = trainer_.step_;
  directory_.log(engine::concat(signal_name(signal), ": stopped after step ", step, ", checkpoint written"));
  throw Interrupted(engine::concat("stopped by ", signal_name(signal), " after step ", step, " of ",
                                   trainer_.plan_.schedule.steps, "; go on with --resume ",
                                   directory_.path().string()));
}

void Trainer::Run::fail_nonfinite() {
  const std::int64_t failed = trainer_.status_->completed_steps() + 1;
  const fs::path crash = directory_.path() / "crash" / fmt::format("step_{}", failed);
  const std::string problem = fmt::format("the loss or its gradient is not finite in step {}", failed);
  try {
    engine::create_directories(crash);
    trainer_.write_tensors(crash);        // as they were before that step: the update did not happen
  } catch (const engine::Error& error) {  // a full disk must not hide why the run ended
    directory_.log(problem);
    throw NonFiniteError(fmt::format("{}; the weights before it were not kept: {}", problem, error.what()));
  }
  const std::string message =
      fmt::format("{}; the weights before it are in {}; lower --lr or raise --temperature", problem, crash.string());
  directory_.log(message);
  throw NonFiniteError(message);
}

Trainer::Summary Trainer::run(RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled) {
  status_.emplace(
      context_, [&schedule = plan_.schedule](std::int64_t t) { return schedule.at(t); }, step_);
  return Run(*this, directory, observe, profiled).finish();
}

}  // namespace apps
