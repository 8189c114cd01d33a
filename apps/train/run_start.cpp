#include "apps/train/run_start.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/input/run_data.h"
#include "apps/objectives/make_encoder.h"
#include "apps/run/environment.h"
#include "apps/run/thread_choice.h"
#include "apps/train/make_context.h"
#include "apps/train/several_ranks.h"
#include "engine/io/files.h"
#include "kernels/context.h"

namespace apps {
namespace {

/// Throws if config.toml changed after the trainer was made, which was before the directory was locked. The number of
/// threads may differ: see `keep_threads`.
void refuse_changed_meanwhile(const Config& made_for, const RunDirectory& directory) {
  const auto differs = [&](const ConfigField& field) {
    return field.key != "run.threads" && field.text(made_for) != field.text(directory.config());
  };
  if (std::none_of(config_table().begin(), config_table().end(), differs)) return;
  throw engine::Error(engine::concat("another process has begun or changed the run in ", directory.path().string(),
                                     " at this moment; give the command again"));
}

std::string ranks_text(std::int64_t ranks) { return ranks == 1 ? "1 rank" : fmt::format("{} ranks", ranks); }

}  // namespace

void keep_threads(const RunArguments& arguments, Config& config) {
  const std::filesystem::path run = resumed_path(arguments);
  if (run.empty() || config.run.compute.threads != 0) return;
  if (const auto checkpoint = Checkpoints(run, config.run.keep).newest())
    config.run.compute.threads = checkpoint->state.threads;
}

std::filesystem::path initial_weights(const RunArguments& arguments, const Config& config) {
  const std::filesystem::path run = resumed_path(arguments);
  if (!run.empty() && Checkpoints(run, config.run.keep).newest()) return {};
  return config.model.init;
}

std::optional<TrainingPlan> earlier_plan(const RunArguments& arguments, std::int64_t examples) {
  const std::filesystem::path run = resumed_path(arguments);
  if (run.empty()) return std::nullopt;
  const Config config = read_config(run / "config.toml");
  return plan_training(config.train, config.optim, examples);
}

std::optional<std::string> rate_jump(const TrainingPlan& before, const TrainingPlan& now, std::int64_t step) {
  const auto rate = [step](const TrainingPlan& plan) { return static_cast<float>(plan.schedule.at(step)); };
  if (step == 0 || step == now.schedule.steps || rate(before) == rate(now)) return std::nullopt;
  return fmt::format(
      "the schedule is now for {} steps instead of {}, and the learning rate of step {} is {:.2e}; it would have been "
      "{:.2e}",
      now.schedule.steps, before.schedule.steps, step + 1, rate(now), rate(before));
}

std::string environment_json(const engine::Context& context, const engine::Device& device,
                             std::span<char* const> argv) {
  return environment_json({.argv = argv,
                           .device = Format<engine::Device>::text(device),
                           .device_model = context.backend().model(),
                           .threads = context.threads(),
                           .ranks = context.ranks(),
                           .libraries = kernels::library_versions()});
}

void start_run(const engine::Context& context, Trainer& trainer, RunDirectory& directory, std::span<char* const> argv) {
  refuse_changed_meanwhile(trainer.config(), directory);
  const Config& config = directory.config();
  const DataFingerprint data = fingerprint_of(trainer.train_data(), trainer.test_data());
  check_same_on_ranks(context, config, data);
  const Checkpoints checkpoints(directory.path(), config.run.keep);
  std::optional<DataFingerprint> known;
  std::int64_t ranks_before = context.ranks();
  if (directory.resumed() && directory.writes()) {
    known = read_fingerprint(directory.path());
    const auto checkpoint = checkpoints.newest();
    if (checkpoint && checkpoint->state.data) known = checkpoint->state.data;
    if (known) check_same_data(directory.path(), *known, data, config.data.source);
    if (checkpoint) trainer.restore(*checkpoint);
    if (checkpoint) ranks_before = checkpoint->state.world_size;
  }
  trainer.share_state();
  directory.begin(data);  // only now, so that a refused run leaves no trace
  if (directory.writes()) {
    checkpoints.tidy();
    engine::atomic_write_file(directory.path() / "env.json",
                              environment_json(context, config.run.compute.device, argv));
  }
  if (context.ranks() > 1) directory.log(ranks_text(context.ranks()));
  const bool kept = trainer.config().run.compute.threads != config.run.compute.threads;  // changed by keep_threads
  const std::string threads = describe_threads(context, config.run.compute.threads);
  directory.log(kept ? fmt::format("{}, as the run began with", threads_text(context.threads())) : threads);
  if (const auto rounded = rounded_channels(config.model.encoder)) directory.log(*rounded);
  if (const std::string& weights = trainer.model().initial_weights; !weights.empty())
    directory.log(fmt::format("the encoder starts with the weights of {}", weights));
  if (!directory.resumed()) return;
  directory.log(fmt::format("resumed at step {}", trainer.step()));
  if (ranks_before != context.ranks()) {
    directory.log(fmt::format("the checkpoint is of {}, and this is {}: sums are rounded in another order from here on",
                              ranks_text(ranks_before), ranks_text(context.ranks())));
  }
  if (!known) {
    directory.log(
        "this run has no fingerprint of its data (an earlier version began it); the present data is assumed to be the "
        "same, and its fingerprint is stored");
  }
}

}  // namespace apps
