#pragma once
#include <filesystem>
#include <span>

#include "apps/reproduce/arguments.h"

namespace apps {

/// The work of `reproduce`: executes and measures the unfinished runs of an experiment one after the other, updates
/// results.json, results.csv and report.md after each, then prints the result. Leaves runs alone that another process
/// has claimed. `argv` is for env.json. Throws Interrupted after writing the report, and NonFiniteError at the end if a
/// run failed.
void reproduce(const ReproduceArguments& arguments, std::span<char* const> argv);

/// Throws UsageError if the directory cannot hold the experiment's runs: it is a file, a single run, another experiment
/// or another budget. Files of other programs are allowed.
void check_reproduction_directory(const std::filesystem::path& out, const Experiment& experiment,
                                  const std::string& budget);

}  // namespace apps
