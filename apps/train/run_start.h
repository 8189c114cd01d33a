#pragma once
#include <span>
#include <string>

#include "apps/run/run_directory.h"
#include "apps/train/trainer.h"

namespace apps {

/// With --threads 0, a resumed run goes on with as many threads as it began with, whatever this machine has: results
/// are bit-equal only for the same number.
void keep_threads(const RunArguments& arguments, Config& config);

/// env.json of what is about to be run.
std::string environment_json(const engine::Context& context, const Config& config, std::span<char* const> argv);

/// Takes up the newest checkpoint when the directory is of a resumed run, begins the directory and writes env.json.
/// Throws engine::DataError, before anything is written, for other data than the run began with.
void start_run(const engine::Context& context, Trainer& trainer, RunDirectory& directory, std::span<char* const> argv);

}  // namespace apps
