#include "apps/pretrain/pretraining.h"

#include <fmt/format.h>

#include <iostream>

#include "apps/input/run_data.h"
#include "apps/pretrain/dry_run.h"
#include "apps/pretrain/preview.h"
#include "apps/pretrain/views.h"
#include "apps/run/exit_code.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/train/make_context.h"
#include "apps/train/plans.h"
#include "apps/train/run_result.h"
#include "apps/train/run_start.h"
#include "apps/train/several_ranks.h"

namespace apps {
namespace {

void warn(const std::string& warning) {
  if (!warning.empty()) std::cerr << "pretrain: warning: " << warning << '\n';
}

void print_schedule(const Config& config) {
  const auto source = open_data(config.data, data::Role::pretrain, config.train.seed, notes_of_skipped(config.data));
  const TrainingPlan plan = plan_training(config.train, config.optim, source->size());
  warn(warmup_warning(plan.schedule));
  std::cout << schedule_csv(plan);
}

void show_views(const engine::Context& context, const Config& config, const PretrainArguments& arguments) {
  const auto skipped = notes_of_skipped(config.data);
  write_views(context, config, arguments.viewed_examples, arguments.views_file, skipped);
  warn(text_of_skipped(skipped.get()));
}

void check_trains(const PretrainArguments& arguments, const engine::Communicator& ranks) {
  if (ranks.ranks() == 1 || arguments.trains()) return;
  throw UsageError(
      fmt::format("--dry-run, --print-schedule and --dump-views show what one process computes, and {} were started; "
                  "leave out mpirun or srun",
                  ranks.ranks()));
}

void check_profiling(const engine::Context& context, const PretrainArguments& arguments) {
  if (!context.on_cuda() && (arguments.nvtx || arguments.profiled_steps.last > 0)) {
    throw UsageError("--nvtx and --profile-steps are for Nsight and a GPU: add --device cuda, or use --profile");
  }
}

void check_profiled_steps(const ProfiledSteps& profiled, std::int64_t steps) {
  if (profiled.last <= steps) return;
  throw UsageError(fmt::format("--profile-steps {}:{}: the run has {} steps", profiled.first, profiled.last, steps));
}

/// Starts the profiler; it sees the work that is issued from here on.
void begin_profiling(const engine::Context& context, const Config& config, const PretrainArguments& arguments) {
  context.profiler().enable(arguments.profile);
  context.profiler().trace(arguments.nvtx);
  if (context.on_cuda() && config.run.cuda_graph && context.profiler().follows_layers()) {
    std::cerr << "pretrain: steps are issued kernel by kernel, not launched as a CUDA graph, as --profile and --nvtx "
                 "name layers\n";
  }
}

Trainer::Summary run_steps(Trainer& trainer, RunDirectory& directory, const ProfiledSteps& profiled) {
  if (!directory.writes())
    return trainer.run(
        directory, [](std::int64_t, std::string_view) {}, profiled);
  Progress progress({.label = "pretrain",
                     .unit = "steps",
                     .total = trainer.plan().schedule.steps,
                     .done = trainer.step(),
                     .item = "images",
                     .items_per_unit = directory.config().train.batch_size});
  const auto observe = [&](std::int64_t step, std::string_view detail) { progress.update(step, detail); };
  return trainer.run(directory, observe, profiled);
}

/// The directory of the run. Rank 0 creates it when all ranks have read what a run to resume has.
RunDirectory open_directory(const PretrainArguments& arguments, const Config& config, engine::Communicator& ranks) {
  const bool resumed = !resumed_path(arguments.run).empty();
  ranks.barrier();
  if (ranks.rank() == 0) return RunDirectory(arguments.run);
  return {arguments.run.out, config, resumed};
}

void train(const engine::Context& context, const PretrainArguments& arguments, Trainer& trainer,
           std::span<char* const> argv) {
  const std::optional<TrainingPlan> before = earlier_plan(arguments.run, trainer.train_data().size());
  RunDirectory directory = open_directory(arguments, trainer.config(), context.communicator());
  start_run(context, trainer, directory, argv);
  const auto jump = before ? rate_jump(*before, trainer.plan(), trainer.step()) : std::nullopt;
  if (jump) directory.log("warning: " + *jump);
  if (!directory.writes()) return void(run_steps(trainer, directory, {}));
  if (jump) warn(*jump);
  std::cerr << "run directory: " << directory.path().string() << '\n';
  begin_profiling(context, trainer.config(), arguments);
  const Trainer::Summary summary = run_steps(trainer, directory, arguments.profiled_steps);
  if (arguments.profile) context.profiler().print(std::cerr);
  std::cout << write_result(directory, trainer, summary) << std::endl;
  if (directory.config().run.report) draw_report(directory.path());
}

/// The trainer of a dry run: where its data cannot be opened, the message says how to do without.
Trainer trainer_of_dry_run(const engine::Context& context, const PretrainArguments& arguments, const Config& config) {
  try {
    return Trainer(context, config, initial_weights(arguments.run, config));
  } catch (const engine::DataError&) {
    try {
      open_data(config.data, data::Role::pretrain, config.train.seed);
    } catch (const engine::DataError& error) {
      throw engine::DataError(without_data(error.what(), config.data.source));
    }
    throw;  // it is not the data, or not only
  }
}

void dry_run(const engine::Context& context, const PretrainArguments& arguments, const Config& config) {
  Trainer trainer = trainer_of_dry_run(context, arguments, config);
  warn(warmup_warning(trainer.plan().schedule));
  const RunCosts costs = trainer.costs();
  std::cout << dry_run_text(context, trainer, costs) << dry_run_json(context, trainer, costs) << std::endl;
}

}  // namespace

void pretrain(const PretrainArguments& arguments, std::span<char* const> argv, engine::Communicator& ranks) {
  Config config = resolve(arguments.run);
  check_trains(arguments, ranks);
  if (arguments.print_schedule) return print_schedule(config);
  check_computes_on_ranks(config, ranks);
  ranks.set_patience(static_cast<double>(config.run.rank_timeout));
  keep_threads(arguments.run, config);
  const engine::Context context = make_context(config.run.compute, &ranks);
  warn_of_threads(context, config.run.compute.threads, "pretrain");
  check_profiling(context, arguments);
  if (arguments.viewed_examples > 0) return show_views(context, config, arguments);
  check_plans(context, config.run.plans, resumed_path(arguments.run));
  if (arguments.dry_run) return dry_run(context, arguments, config);
  Trainer trainer(context, config, initial_weights(arguments.run, config));
  if (ranks.rank() == 0) warn(warmup_warning(trainer.plan().schedule));
  check_profiled_steps(arguments.profiled_steps, trainer.plan().schedule.steps);
  train(context, arguments, trainer, argv);
}

}  // namespace apps
