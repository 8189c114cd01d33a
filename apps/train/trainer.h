#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "apps/run/checkpoint.h"
#include "apps/run/run_directory.h"
#include "apps/train/train_step.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/optim/training_status.h"

namespace apps {

/// Counts and rates that follow from a configuration and the size of its training set.
struct TrainingPlan {
  std::int64_t steps_per_epoch = 0;  ///< whole batches
  engine::Schedule schedule;         ///< over all steps of the run
};
TrainingPlan plan_training(const Config::Train& train, const Config::Optim& optim, std::int64_t examples);

/// Steps that a profiling tool is started before and stopped after, counted from 1.
struct ProfiledSteps {
  std::int64_t first = 0, last = 0;
};

class CapturedStep;

/// One training run: data, model, optimizer, and where they stand.
class Trainer {
 public:
  /// Builds everything a step needs.
  Trainer(const engine::Context& context, const Config& config);

  /// Takes up a checkpoint. Throws engine::DataError for files that do not fit this configuration.
  void restore(const Checkpoint& checkpoint);

  struct Summary {
    std::optional<double> loss;  ///< of the last step; none if an earlier version did it, and no step was left
    double test_accuracy = 0;    ///< of the first online probe
    double seconds = 0;          ///< of this process's steps
    std::int64_t steps = 0;      ///< that it did
  };
  /// Told after every step how many are done, and "loss 4.1312": the headlines of the newest one that was read.
  using Observer = std::function<void(std::int64_t step, std::string_view detail)>;
  /// Trains to the last step, writing metrics, checkpoints and exports into the run directory. Throws Interrupted after
  /// writing a checkpoint when a signal asks to stop; an evaluation is then given up, and is the first thing that the
  /// resumed run does. Throws NonFiniteError after writing crash/step_N. When the loss or a gradient was not finite,
  /// that holds the parameters and moments as they were before that step (running statistics have seen it and, on a
  /// device, up to a few steps after it); when an update made weights infinite, it holds those.
  Summary run(RunDirectory& directory, const Observer& observe, const ProfiledSteps& profiled = {});

  const Config& config() const { return config_; }
  const Model& model() const { return model_; }
  const TrainingPlan& plan() const { return plan_; }
  const data::Source& train_data() const { return *train_; }
  const data::Source& test_data() const { return *test_; }
  std::int64_t step() const { return step_; }

 private:
  class Run;  // the loop over the steps: training_run.cpp

  bool run_or_advise(CapturedStep& step);  ///< on a batch size that fits
  TrainingState state() const;             ///< by the count of steps alone
  void write_tensors(const std::filesystem::path& directory) const;
  void write_exports(const std::filesystem::path& directory) const;
  /// The accuracies of the probes on the test set; nothing when a signal asks to stop meanwhile.
  std::optional<std::vector<Measured>> evaluate_probes() const;
  std::optional<std::vector<Measured>> evaluate_probes(CapturedStep& step) const;  ///< in the step's memory if need be

  const engine::Context& context_;
  Config config_;
  std::shared_ptr<const data::Source> train_, test_;
  TrainingPlan plan_;
  Model model_;
  DeviceBatch batch_;
  std::unique_ptr<engine::Optimizer> optimizer_;
  TrainStep train_step_;
  std::optional<engine::TrainingStatus> status_;
  std::int64_t step_ = 0;
  std::optional<double> loss_;  // of that step, if the checkpoint knows
};

}  // namespace apps
