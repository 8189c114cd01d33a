// The loop over a trainer's steps, and what it leaves in the run directory on the way.
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/metrics.h"
#include "apps/run/signals.h"
#include "apps/train/captured_step.h"
#include "apps/train/late_records.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"
#include "apps/train/trainer.h"
#include "engine/io/files.h"

namespace apps {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr char kMetrics[] = "metrics.jsonl";

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

  void catch_up();
  void issue_step();
  bool ends_each(std::int64_t n, std::int64_t step) const;
  bool evaluates_after(std::int64_t step) const;
  Due due() const;
  void take_records(const Due& due);
  void write_record(const LateRecords::Read& read);
  bool evaluate();
  void save();
  [[noreturn]] void interrupt();
  [[noreturn]] void fail_nonfinite();
  void fail_unless_finite();
  [[noreturn]] void fail(std::int64_t step, const std::string& problem, const std::string& weights,
                         const std::string& remedy);

  Trainer& trainer_;
  RunDirectory& directory_;
  const Observer& observe_;
  const ProfiledSteps profiled_;
  Plans plans_;
  Checkpoints checkpoints_;
  MetricsFile metrics_;
  data::Loader loader_;
  CapturedStep step_;
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
      plans_(trainer.context_, directory.path(),
             {.source = trainer.config_.run.plans,
              .log = [&directory](std::string_view message) { directory.log(message); }}),
      checkpoints_(directory.path(), trainer.config_.run.keep),
      metrics_(directory.path() / kMetrics, trainer.step_ > 0 ? trainer.step_ : -1),
      loader_(*trainer.train_, loader_options(trainer.config_, trainer.step_)),
      step_(
          trainer.context_, [&trainer] { trainer.train_step(); },
          // A graph names no layers.
          trainer.config_.run.cuda_graph && !trainer.context_.profiler().follows_layers()),
      late_(*trainer.status_) {}

Trainer::Summary Trainer::Run::finish() {
  const Clock::time_point begin = Clock::now();
  if (trainer_.step_ > 0) catch_up();
  while (trainer_.step_ < trainer_.plan_.schedule.steps) {
    issue_step();
    const Due now = due();
    take_records(now);
    observe_(trainer_.step_, summary_.loss ? fmt::format("loss {:.4f}", *summary_.loss) : "");
    const bool stopped = now.evaluates && !evaluate();
    if (now.saves || stopped) save();
    if (now.logs) window_ = {};  // after evaluation and checkpoint, which are no part of a step's time
    if (stopped || (now.signal != 0 && trainer_.step_ < trainer_.plan_.schedule.steps)) interrupt();
  }
  summary_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  directory_.check_in_place();
  fail_unless_finite();
  trainer_.write_exports(directory_.path() / "export");
  directory_.log(fmt::format("finished after step {}", trainer_.step_));
  return summary_;
}

/// What the process before this one did not come to after its last step.
void Trainer::Run::catch_up() {
  summary_.loss = trainer_.loss_;
  if (!evaluates_after(trainer_.step_)) return;
  if (const auto accuracy = evaluation_after(trainer_.step_, engine::read_file(directory_.path() / kMetrics))) {
    summary_.test_accuracy = *accuracy;
  } else if (!evaluate()) {
    interrupt();
  }
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
    directory_.log(
        "memory is short: steps are issued kernel by kernel; a CUDA graph of them needs a smaller --batch-size");
  ++trainer_.step_;
  if (trainer_.step_ == profiled_.last) context.backend().collect_profile(false);
  ++window_.steps;
  if (summary_.steps++ == 0) {  // it also compiled and timed algorithms
    directory_.check_in_place();
    plans_.save();
    context.profiler().clear();
    context.pool().reset_peak();
  }
}

/// Whether an epoch ends with this step after which something is done that is done after every n of them.
bool Trainer::Run::ends_each(std::int64_t n, std::int64_t step) const {
  const std::int64_t per_epoch = trainer_.plan_.steps_per_epoch;
  return step % per_epoch == 0 && n > 0 && step / per_epoch % n == 0;
}

bool Trainer::Run::evaluates_after(std::int64_t step) const {
  return step == trainer_.plan_.schedule.steps || ends_each(trainer_.config_.eval.every, step);
}

Trainer::Run::Due Trainer::Run::due() const {
  const Config::Run& config = trainer_.config_.run;
  const std::int64_t step = trainer_.step_;
  const int signal = stop_signal();
  const bool last = step == trainer_.plan_.schedule.steps;
  return {.logs = step % config.log_every == 0 || ends_each(1, step) || last,
          .evaluates = evaluates_after(step),
          .saves = last || signal != 0 || ends_each(config.ckpt_every, step),
          .signal = signal};
}

/// Asks for the records that the step makes due, and writes those that have arrived.
void Trainer::Run::take_records(const Due& due) {
  // Nothing is saved that was not seen to be finite, and the ring of records must not overflow.
  if (due.logs || due.signal != 0 || window_.steps % engine::TrainingStatus::kSlots == 0)
    late_.request(window_, due.logs);
  if (due.logs || due.evaluates || due.saves) directory_.check_in_place();
  // A GPU's records come a few steps late: only what is made of the weights waits for them.
  while (const auto read = due.evaluates || due.saves ? late_.awaited() : late_.arrived()) {
    summary_.loss = static_cast<double>(read->record.scalars[kLoss]);
    if (read->logs || trainer_.status_->nonfinite()) write_record(*read);
    if (trainer_.status_->nonfinite()) fail_nonfinite();
  }
  if (due.evaluates || due.saves) fail_unless_finite();
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

/// False when a signal asked to stop before it was done.
bool Trainer::Run::evaluate() {
  const std::int64_t step = trainer_.step_;
  const auto accuracy = trainer_.test_accuracy(step_);
  plans_.save();  // it may have timed other problems than steps have: other runs wait for the end of that
  if (!accuracy) return false;
  summary_.test_accuracy = *accuracy;
  metrics_.write(
      {.step = step, .epoch = trainer_.epochs(step), .time = unix_time(), .phase = "eval", .probe_acc = *accuracy});
  directory_.log(fmt::format("step {}: {}online probe {:.4f} on the test set", step,
                             summary_.loss ? fmt::format("loss {:.4f}, ", *summary_.loss) : "", *accuracy));
  return true;
}

void Trainer::Run::save() {
  plans_.save();  // before the checkpoint: what follows it must round as what came before
  TrainingState state = trainer_.state();
  state.loss = summary_.loss;
  state.data = directory_.data();
  checkpoints_.save(state, [this](const fs::path& path) { trainer_.write_tensors(path); });
}

void Trainer::Run::interrupt() {
  const std::int64_t step = trainer_.step_;
  const char* signal = signal_name(stop_signal());
  directory_.log(engine::concat(signal, ": stopped after step ", step, ", checkpoint written"));
  throw Interrupted(engine::concat("stopped by ", signal, " after step ", step, " of ", trainer_.plan_.schedule.steps,
                                   "; go on with --resume ", directory_.path().string()));
}

void Trainer::Run::fail_nonfinite() {
  const std::int64_t failed = trainer_.status_->completed_steps() + 1;
  // As they were before that step: the update did not happen.
  fail(failed, fmt::format("the loss or its gradient is not finite in step {}", failed), "the weights before it",
       "lower --lr or raise --temperature");
}

/// The record of a step tells of its loss and gradient; of what its update made of the weights, only they do.
void Trainer::Run::fail_unless_finite() {
  const auto tensor = nonfinite_tensor(trainer_.network_.parameters, *trainer_.optimizer_);
  if (!tensor) return;
  fail(trainer_.step_, fmt::format("the update of step {} made {} infinite or NaN", trainer_.step_, *tensor),
       "the weights after it", "lower --lr");
}

/// Puts the weights as they are now into crash/step_N.
void Trainer::Run::fail(std::int64_t step, const std::string& problem, const std::string& weights,
                        const std::string& remedy) {
  const fs::path folder = directory_.path() / "crash", crash = folder / fmt::format("step_{}", step);
  const fs::path temporary = crash.string() + ".tmp";
  try {
    engine::create_directory(folder);
    engine::remove_all(temporary);
    engine::create_directory(temporary);
    trainer_.write_tensors(temporary);
    engine::remove_all(crash);
    engine::rename_path(temporary, crash);
  } catch (const engine::Error& error) {  // a full disk must not hide why the run ended
    directory_.log(problem);
    throw NonFiniteError(fmt::format("{}; {} were not kept: {}", problem, weights, error.what()));
  }
  const std::string message = fmt::format("{}; {} are in {}; {}", problem, weights, crash.string(), remedy);
  directory_.log(message);
  throw NonFiniteError(message);
}

Trainer::Summary Trainer::run(RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled) {
  status_.emplace(
      context_, [&schedule = plan_.schedule](std::int64_t t) { return schedule.at(t); }, step_);
  Run run(*this, directory, observe, profiled);
  try {
    return run.finish();
  } catch (const Interrupted&) { throw; } catch (const NonFiniteError&) {
    throw;
  } catch (const engine::Error&) {
    directory.check_in_place();  // a file that cannot be written because all is gone says less than that
    throw;
  }
}

}  // namespace apps
