#pragma once
#include <span>
#include <string>

#include "apps/suppress/arms.h"

namespace apps {

/// The work of `suppress`: executes the unfinished runs one after the other, updates suppress.json and report.md after
/// each, then prints the result. `argv` is for env.json. Throws Interrupted after writing the report, and
/// NonFiniteError at the end if a run failed.
void suppress(const SuppressRequest& request, std::span<char* const> argv);

/// Throws UsageError if the directory cannot hold the runs: it is a file, a single run, an experiment, or the runs of
/// another plant or of other images.
void check_suppress_directory(const std::filesystem::path& out, const ArmTable& table);

}  // namespace apps
