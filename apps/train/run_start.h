#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "apps/run/run_directory.h"
#include "apps/train/trainer.h"

namespace apps {

/// With --threads 0, a resumed run keeps the number of threads that it began with, on any machine: results are only
/// bit-equal for the same number.
void keep_threads(const RunArguments& arguments, Config& config);

/// The file with the weights that the encoder starts with, if the run has one; empty if it has a checkpoint to go on
/// from, so that the file is not needed any more.
std::filesystem::path initial_weights(const RunArguments& arguments, const Config& config);

/// The steps and rates with which the run to resume began, before the arguments change its configuration; nothing for a
/// new run.
std::optional<TrainingPlan> earlier_plan(const RunArguments& arguments, std::int64_t examples);

/// A warning if a longer schedule gives the step after `step` another learning rate than `before`; otherwise nothing.
std::optional<std::string> rate_jump(const TrainingPlan& before, const TrainingPlan& now, std::int64_t step);

/// The contents of env.json for this start.
std::string environment_json(const engine::Context& context, const engine::Device& device, std::span<char* const> argv);

/// For a resumed run, restores the newest checkpoint. Collective: rank 0 reads and writes the files, and the others get
/// from it what it restored. Then begins the directory and writes env.json. Throws
/// engine::DataError, before anything is written, if the data differ from those the run began with.
void start_run(const engine::Context& context, Trainer& trainer, RunDirectory& directory, std::span<char* const> argv);

}  // namespace apps
