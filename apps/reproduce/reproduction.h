#pragma once
#include <span>
#include <string>

#include "apps/reproduce/arguments.h"

namespace apps {

/// What `reproduce` does: the runs of an experiment that are not finished, one after the other, with results.json and
/// report.md brought up to date after each; then prints the result. `argv` is for env.json.
/// Throws Interrupted with the report written, and NonFiniteError in the end when a run failed.
void reproduce(const ReproduceArguments& arguments, std::span<char* const> argv);

/// Throws UsageError when the directory cannot hold the experiment's runs: it is a file, or holds a single run, or
/// another experiment. Files of others are no obstacle.
void check_reproduction_directory(const std::filesystem::path& out, const Experiment& experiment);

}  // namespace apps
