#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "apps/config/training_plan.h"
#include "apps/run/checkpoint.h"
#include "apps/run/run_directory.h"
#include "apps/train/run_costs.h"
#include "apps/train/train_step.h"
#include "data/bad_files.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/optim/training_status.h"

namespace apps {

/// A profiling tool is started before `first` and stopped after `last`, counted from 1.
struct ProfiledSteps {
  std::int64_t first = 0, last = 0;
};

class CapturedStep;

/// Looks at the model during a run, beside the run's own evaluations, and must not change it. `due` is asked before the
/// first step and after every step, with the number of steps done; `look` returns false if a signal asked to stop
/// before it was done: the resumed run then looks first.
struct Inspection {
  std::function<bool(std::int64_t step)> due = [](std::int64_t) { return false; };
  std::function<bool(std::int64_t step)> look = {};
};

/// One training run: data, model, optimizer, and its progress.
class Trainer {
 public:
  /// Builds everything that a step needs. The encoder starts with the weights in the file `weights`, unless that is
  /// empty.
  Trainer(const engine::Context& context, const Config& config, const std::filesystem::path& weights = {});

  /// Restores a checkpoint. Throws engine::DataError for files that do not fit this configuration.
  void restore(const Checkpoint& checkpoint);
  /// Gives all ranks the parameters, the optimizer's state and the step of rank 0; collective.
  void share_state();

  struct Summary {
    std::optional<double> loss;                ///< of the last step; none if an earlier version did it
    std::optional<double> test_accuracy = {};  ///< of the first online probe; none without labels
    double effective_rank = 0;                 ///< of the test images' embeddings
    std::vector<Measured> others = {};  ///< what else was measured on the test set: other probes, the objective's
    double seconds = 0;                 ///< duration of this process's steps
    std::int64_t steps = 0;             ///< number of this process's steps
  };
  /// Called after every step with the number of steps done and the headlines of the newest record: "loss 4.1312".
  using Observer = std::function<void(std::int64_t step, std::string_view detail)>;
  /// Trains to the last step and writes metrics, checkpoints and exports into the run directory. If a signal asks to
  /// stop, throws Interrupted after writing a checkpoint; an evaluation is then abandoned, and the resumed run does it
  /// first. After a non-finite number, throws NonFiniteError after writing crash/step_N. For a non-finite loss or
  /// gradient these are the parameters and moments before that step (running statistics include it and, on a GPU, up to
  /// a few steps after it); if an update made weights infinite, these are the weights after it.
  /// Collective: all ranks do all steps and end alike; rank 0 writes the files, and measures what evaluations show.
  /// With several ranks an evaluation is not abandoned.
  Summary run(RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled = {},
              const Inspection& inspection = {});

  /// What the run would take, measured: see measure_costs. Only for a trainer that does not run.
  /// `budget_seconds`: about how long that may take.
  RunCosts costs(double budget_seconds = 12);

  const Config& config() const { return config_; }
  const Model& model() const { return model_; }
  const engine::Optimizer& optimizer() const { return *optimizer_; }
  const TrainingPlan& plan() const { return plan_; }
  const data::Source& train_data() const { return *train_; }
  const data::Source& test_data() const { return *test_; }
  std::int64_t step() const { return step_; }
  /// The images that this process has skipped; none unless the configuration lets it.
  const data::BadFiles* skipped() const { return skipped_.get(); }

 private:
  class Run;  // the loop over the steps: training_run.cpp

  void draw_first_views(RunDirectory& directory) const;
  bool run_or_advise(CapturedStep& step);  ///< on a batch size that fits
  TrainingState state() const;             ///< follows from the number of steps only
  void write_tensors(const std::filesystem::path& directory) const;
  void write_exports(const std::filesystem::path& directory) const;
  /// What an evaluation measures on the test set: the accuracies of the probes, what the objective itself measures, the
  /// effective rank.
  std::vector<Scalar> evaluated() const;
  /// The same with values; nothing if a signal asks to stop meanwhile.
  std::optional<std::vector<Measured>> evaluate() const;
  std::optional<std::vector<Measured>> evaluate(CapturedStep& step) const;  ///< in the step's memory if need be
  std::optional<data::ContactSheet> samples(CapturedStep& step) const;      ///< the objective's, in the same way
  bool look(const Inspection& inspection, CapturedStep& step) const;        ///< in the same way

  const engine::Context& context_;
  Config config_;
  std::shared_ptr<data::BadFiles> skipped_;
  std::shared_ptr<const data::Source> train_, test_;
  TrainingPlan plan_;
  Model model_;
  std::unique_ptr<engine::Optimizer> optimizer_;
  TrainStep train_step_;
  std::optional<engine::TrainingStatus> status_;
  std::int64_t step_ = 0;
  std::optional<double> loss_;  // of that step, if known
};

}  // namespace apps
