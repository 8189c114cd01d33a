#pragma once
#include <span>
#include <string>

#include "apps/reproduce/arguments.h"

namespace apps {

/// The work of `reproduce`: executes the unfinished runs of an experiment one after the other, updates results.json and
/// report.md after each, then prints the result. `argv` is for env.json. Throws Interrupted after writing the report,
/// and NonFiniteError at the end if a run failed.
void reproduce(const ReproduceArguments& arguments, std::span<char* const> argv);

/// Throws UsageError if the directory cannot hold the experiment's runs: it is a file, a single run or another
/// experiment. Files of other programs are allowed.
void check_reproduction_directory(const std::filesystem::path& out, const Experiment& experiment);

}  // namespace apps
