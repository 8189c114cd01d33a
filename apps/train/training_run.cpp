// The loop over a trainer's steps, and the files that it writes into the run directory.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "apps/input/augmentation_rules.h"
#include "apps/input/first_views.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/metrics_table.h"
#include "apps/run/signals.h"
#include "apps/train/captured_step.h"
#include "apps/train/collapse.h"
#include "apps/train/crash.h"
#include "apps/train/due.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"
#include "apps/train/step_log.h"
#include "apps/train/trainer.h"
#include "engine/io/files.h"

namespace apps {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr char kLoss[] = "loss";

bool writes_events(const Config& config) { return config.run.tensorboard && RunEvents::available(); }

bool has_contrastive_loss(const Config& config) {
  return config.objective.name == ObjectiveName::contrastive || config.objective.name == ObjectiveName::queue;
}

}  // namespace

class Trainer::Run {
 public:
  Run(Trainer& trainer, RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled,
      const Inspection& inspection);

  /// Does the remaining steps and writes the exports.
  Summary finish();

 private:
  static data::LoaderOptions input_of(const Trainer& trainer);
  std::string detail() const;
  static std::vector<Measured> known_before(const Trainer& trainer);
  void catch_up();
  bool inspect();
  engine::Communicator& ranks() const { return trainer_.context_.communicator(); }
  /// What rank 0 decides, which alone has the run's files.
  bool of_rank_0(bool decision) const { return ranks().highest(ranks().rank() == 0 && decision ? 1 : 0) != 0; }
  bool of_any_rank(bool seen) const { return ranks().highest(seen ? 1 : 0) != 0; }
  int agreed_signal() const { return static_cast<int>(ranks().highest(stop_signal())); }
  void issue_step();
  void take_records(const Due& due, bool inspects, bool stopping);
  void summarize(const std::vector<Measured>& evaluation);
  bool evaluate();
  void write_samples();
  std::optional<double> loss() const { return value_of(log_.newest(), kLoss); }  ///< the newest that was read
  void save();
  void leave_metrics_table();
  void settle() const;
  [[noreturn]] void interrupt();
  [[noreturn]] void fail_nonfinite();
  void fail_unless_finite();
  [[noreturn]] void fail(const Crash& crash);

  Trainer& trainer_;
  RunDirectory& directory_;
  const Observer& observe_;
  const ProfiledSteps profiled_;
  const Inspection& inspection_;
  Plans plans_;
  Checkpoints checkpoints_;
  Cadence cadence_;
  StepLog log_;
  data::Loader loader_;
  data::Loader::Work read_;  // until the last step
  DeviceBatch batch_;
  CapturedStep step_;
  Summary summary_;
  int signal_ = 0;           // that asked any rank to stop
  bool said_short_ = false;  // whether the log says that memory is short
};

data::LoaderOptions Trainer::Run::input_of(const Trainer& trainer) {
  const Config& config = trainer.config_;
  data::LoaderOptions options =
      loader_options(config.data.loader, config.train, trainer.step_, trainer.context_.communicator());
  options.hint = decode_hint(training_rules(config.data.augment, *trainer.train_), *trainer.train_);
  return options;
}

/// For the progress line.
std::string Trainer::Run::detail() const {
  const std::string& input = log_.input_text();
  return headlines(log_.newest(), "  ") + (input.empty() ? "" : "  (" + input + ")");
}

/// What the previous process measured in its last step.
std::vector<Measured> Trainer::Run::known_before(const Trainer& trainer) {
  if (!trainer.loss_) return {};
  return {{{.name = kLoss, .headline = true}, *trainer.loss_}};
}

Trainer::Run::Run(Trainer& trainer, RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled,
                  const Inspection& inspection)
    : trainer_(trainer),
      directory_(directory),
      observe_(observe),
      profiled_(profiled),
      inspection_(inspection),
      plans_(trainer.context_, directory.path(),
             {.source = trainer.config_.run.plans,
              .log = [&directory](std::string_view message) { directory.log(message); }}),
      checkpoints_(directory.path(), trainer.config_.run.keep),
      cadence_{.steps = trainer.plan_.schedule.steps,
               .steps_per_epoch = trainer.plan_.steps_per_epoch,
               .log_every = trainer.config_.run.log_every,
               .eval_every = trainer.config_.eval.every,
               .ckpt_every = trainer.config_.run.ckpt_every},
      log_(*trainer.status_, trainer.context_.pool(),
           [&trainer](const engine::StepRecord& record) { return trainer.train_step_.measured(record); },
           {.run = directory.writes() ? directory.path() : fs::path(),
            .restored_step = trainer.step_ > 0 ? trainer.step_ : -1,
            .steps_per_epoch = trainer.plan_.steps_per_epoch,
            .batch_size = trainer.config_.train.batch_size,
            .workers = trainer.config_.data.loader.workers * trainer.context_.ranks(),
            .tensorboard = writes_events(trainer.config_),
            .contrastive = has_contrastive_loss(trainer.config_),
            .newest = known_before(trainer)}),
      loader_(*trainer.train_, input_of(trainer)),
      batch_(trainer.context_, *trainer.train_, trainer.config_.train.batch_size / trainer.context_.ranks()),
      step_(
          trainer.context_, [this, &trainer] { trainer.train_step_.run(batch_, *trainer.status_); },
          // A graph names no layers.
          trainer.config_.run.cuda_graph && !trainer.context_.profiler().follows_layers()) {}

Trainer::Summary Trainer::Run::finish() {
  const Clock::time_point begin = Clock::now();
  if (trainer_.step_ > 0) catch_up();
  if (inspection_.due(trainer_.step_) && !inspect()) {
    save();
    interrupt();
  }
  while (trainer_.step_ < trainer_.plan_.schedule.steps) {
    issue_step();
    signal_ = agreed_signal();
    const bool stopping = signal_ != 0, inspects = inspection_.due(trainer_.step_);
    const Due due = cadence_.after(trainer_.step_, stopping);
    take_records(due, inspects, stopping);
    observe_(trainer_.step_, detail());
    const bool stopped = (due.evaluates && !evaluate()) || (inspects && !inspect());
    if (due.saves || stopped) save();
    if (due.logs || inspects) log_.begin_window();  // after evaluation and checkpoint
    if (stopped || (stopping && trainer_.step_ < trainer_.plan_.schedule.steps)) interrupt();
  }
  summary_.loss = loss();
  summary_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  directory_.check_in_place();
  fail_unless_finite();
  if (!directory_.writes()) return summary_;
  trainer_.write_exports(directory_.path() / "export");
  write_metrics_table(directory_.path());
  if (const std::string skipped = text_of_skipped(trainer_.skipped()); !skipped.empty()) directory_.log(skipped);
  directory_.log(fmt::format("finished after step {}", trainer_.step_));
  return summary_;
}

/// Does what the previous process did not do after its last step.
void Trainer::Run::catch_up() {
  if (!cadence_.after(trainer_.step_, false).evaluates) return;
  std::vector<Measured> known;
  if (directory_.writes()) {
    const std::string records = engine::read_file(directory_.path() / kMetricsFile);
    for (const Scalar& scalar : trainer_.evaluated()) {
      if (const auto value = evaluation_after(trainer_.step_, scalar.name, records)) known.push_back({scalar, *value});
    }
  }
  if (of_rank_0(known.size() == trainer_.evaluated().size())) {
    if (directory_.writes()) summarize(known);
  } else if (!evaluate()) {
    interrupt();
  }
}

/// Returns false if a signal asked to stop before it was done.
bool Trainer::Run::inspect() {
  const bool done = trainer_.look(inspection_, step_);
  plans_.save();  // as after an evaluation
  return done;
}

void Trainer::Run::summarize(const std::vector<Measured>& evaluation) {
  summary_.effective_rank = value_of(evaluation, kEffectiveRank).value();
  summary_.others.assign(evaluation.begin(), evaluation.end() - 1);
  if (trainer_.model_.probes.empty()) return;
  summary_.test_accuracy = evaluation.front().value;
  summary_.others.erase(summary_.others.begin());
}

void Trainer::Run::issue_step() {
  const engine::Context& context = trainer_.context_;
  if (trainer_.step_ + 1 == profiled_.first) context.backend().collect_profile(true);
  const data::Loader::Work read_before = read_;
  const double augmenting_before = batch_.augmenting_ms();
  InputTime input;
  {
    const data::Loader::Lease batch = loader_.next();
    input.wait_ms = batch.waited_ms();
    if (batch_.upload(*batch)) step_.release();
  }
  trainer_.status_->prepare_step();
  if (trainer_.run_or_advise(step_)) trainer_.status_->count_step();
  if (step_.lacks_memory() && !std::exchange(said_short_, true))
    directory_.log(
        "memory is short: steps are issued kernel by kernel; a CUDA graph of them needs a smaller --batch-size");
  ++trainer_.step_;
  if (trainer_.step_ == profiled_.last) context.backend().collect_profile(false);
  read_ = loader_.work_done();
  input.read_images = read_.images - read_before.images;
  input.read_ms = read_.ms - read_before.ms;
  input.augment_ms = batch_.augmenting_ms() - augmenting_before;
  log_.count_step(input);
  if (summary_.steps++ == 0) {  // this step also compiled and timed algorithms
    directory_.check_in_place();
    plans_.save();
    context.profiler().clear();
    context.pool().reset_peak();
  }
}

/// Requests the records that are due after this step, and writes those that have arrived.
void Trainer::Run::take_records(const Due& due, bool inspects, bool stopping) {
  const bool looks = due.evaluates || due.saves || inspects;
  log_.request(due.logs, inspects || stopping);  // nothing is saved before it is known to be finite
  if (due.logs || looks) directory_.check_in_place();
  // A GPU's records arrive a few steps late. Only evaluations and checkpoints wait for them.
  log_.write_records(looks);
  if (of_any_rank(trainer_.status_->nonfinite())) {
    if (!trainer_.status_->nonfinite()) log_.write_records(true);  // of this rank they arrive later
    fail_nonfinite();
  }
  if (looks) fail_unless_finite();
}

/// Returns false if a signal asked to stop before it was done.
bool Trainer::Run::evaluate() {
  const std::int64_t step = trainer_.step_;
  const auto measured = trainer_.evaluate(step_);
  if (measured && directory_.writes()) write_samples();  // before the record, which says that the evaluation is done
  plans_.save();  // it may have timed other problems than steps did; other runs wait until it is saved
  if (!measured) return false;
  if (!directory_.writes()) return true;
  summarize(*measured);
  log_.write_evaluation(step, *measured);
  std::string message = headlines(log_.newest(), ", ");
  const auto add = [&](const std::string& part) { message += (message.empty() ? "" : ", ") + part; };
  if (summary_.test_accuracy)
    add(fmt::format("online {} {:.4f}", trainer_.model_.probes.front().options().name, *summary_.test_accuracy));
  for (const Measured& other : summary_.others) add(fmt::format("test {} {:.4f}", other.scalar.name, other.value));
  add(fmt::format("effective rank of the projections {:.2f} on the test set", summary_.effective_rank));
  directory_.log(fmt::format("step {}: {}", step, message));
  if (const auto warning = collapse_warning(summary_.effective_rank)) directory_.log(*warning);
  return true;
}

void Trainer::Run::write_samples() {
  const auto sheet = trainer_.samples(step_);
  if (!sheet) return;
  const fs::path directory = directory_.path() / "samples";
  engine::create_directory(directory);
  sheet->write(directory / fmt::format("step_{:08}.png", trainer_.step_));
}

void Trainer::Run::save() {
  plans_.save();  // before the checkpoint: later steps must use the same algorithms
  if (!directory_.writes()) return;
  TrainingState state = trainer_.state();
  state.loss = loss();
  state.data = directory_.data();
  checkpoints_.save(state, [this](const fs::path& path) { trainer_.write_tensors(path); });
}

/// Where the run ends early: how it ends matters more than the table, which the resumed run writes again.
void Trainer::Run::leave_metrics_table() {
  if (!directory_.writes()) return;
  try {
    write_metrics_table(directory_.path());
  } catch (const engine::Error& error) { directory_.log(error.what()); }
}

/// Before all ranks end early: one that is gone takes with it what it has sent, which others may still be reading.
void Trainer::Run::settle() const {
  trainer_.context_.backend().synchronize();
  ranks().barrier();
}

void Trainer::Run::interrupt() {
  settle();
  const std::int64_t step = trainer_.step_;
  if (signal_ == 0) signal_ = agreed_signal();  // it came during an evaluation
  const char* signal = signal_name(signal_);
  directory_.log(engine::concat(signal, ": stopped after step ", step, ", checkpoint written"));
  leave_metrics_table();
  throw Interrupted(engine::concat("stopped by ", signal, " after step ", step, " of ", trainer_.plan_.schedule.steps,
                                   "; go on with --resume ", directory_.path().string()));
}

void Trainer::Run::fail_nonfinite() {
  const std::int64_t failed = trainer_.status_->completed_steps() + 1;
  // The weights are those before that step, since the update did not happen.
  fail({.step = failed,
        .problem = fmt::format("the loss or its gradient is not finite in step {}", failed),
        .weights = "the weights before it",
        .remedy = "lower --lr or raise --temperature"});
}

/// A step's record only tells about its loss and gradient, not about the weights after its update; so check those.
void Trainer::Run::fail_unless_finite() {
  const auto tensor = nonfinite_tensor(trainer_.model_.state(), *trainer_.optimizer_);
  if (!of_rank_0(tensor.has_value())) return;
  fail({.step = trainer_.step_,
        .problem = fmt::format("the update of step {} made {} infinite or NaN", trainer_.step_, tensor.value_or("one")),
        .weights = "the weights after it",
        .remedy = "lower --lr"});
}

void Trainer::Run::fail(const Crash& crash) {
  settle();
  leave_metrics_table();
  if (!directory_.writes()) throw NonFiniteError(crash.problem);
  end_by_crash(directory_, crash, [this](const fs::path& path) { trainer_.write_tensors(path); });
}

/// The picture for TensorBoard; once, as it does not change.
void Trainer::draw_first_views(RunDirectory& directory) const {
  if (!directory.writes()) return;
  if (config_.run.tensorboard && !RunEvents::available())
    directory.log("this build writes no TensorBoard events (WITH_TENSORBOARD=OFF)");
  const fs::path path = RunEvents::views_of(directory.path());
  const int channels = train_->layout().channels;
  if (!writes_events(config_) || fs::exists(path) || (channels != 1 && channels != 3)) return;
  engine::create_directory(path.parent_path());
  first_views(context_, config_, *train_).write(path);
}

Trainer::Summary Trainer::run(RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled,
                              const Inspection& inspection) {
  status_.emplace(
      context_, [&schedule = plan_.schedule](std::int64_t t) { return schedule.at(t); }, step_);
  draw_first_views(directory);
  Run run(*this, directory, observe, profiled, inspection);
  try {
    return run.finish();
  } catch (const Interrupted&) { throw; } catch (const NonFiniteError&) {
    throw;
  } catch (const engine::Error&) {
    directory.check_in_place();  // if the directory is gone, say that instead
    throw;
  }
}

}  // namespace apps
