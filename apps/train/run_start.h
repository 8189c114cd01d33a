#pragma once
#include <optional>
#include <span>
#include <string>

#include "apps/run/run_directory.h"
#include "apps/train/trainer.h"

namespace apps {

/// With --threads 0, a resumed run goes on with as many threads as it began with, whatever this machine has: results
/// are bit-equal only for the same number.
void keep_threads(const RunArguments& arguments, Config& config);

/// The steps and rates that the run to be resumed began with, before the arguments change its configuration; nothing
/// for a new run.
std::optional<TrainingPlan> earlier_plan(const RunArguments& arguments, std::int64_t examples);

/// Says that a longer schedule gives the step after `step` another learning rate than `before`; nothing where it does
/// not.
std::optional<std::string> rate_jump(const TrainingPlan& before, const TrainingPlan& now, std::int64_t step);

/// env.json of what is about to be run.
std::string environment_json(const engine::Context& context, const engine::Device& device, std::span<char* const> argv);

/// Takes up the newest checkpoint when the directory is of a resumed run, begins the directory and writes env.json.
/// Throws engine::DataError, before anything is written, for other data than the run began with.
void start_run(const engine::Context& context, Trainer& trainer, RunDirectory& directory, std::span<char* const> argv);

}  // namespace apps
