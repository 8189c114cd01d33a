#pragma once
#include <functional>
#include <vector>

#include "apps/bench/settings.h"

namespace apps {

/// What the lines of the file `shared.list` name, each with the arguments of one `bench`; flags that it lacks are those
/// of `shared`. Empty lines and those that begin with # name nothing. Throws UsageError, naming the line.
std::vector<BenchSettings> read_work_list(const BenchSettings& shared);

/// Calls `time` for every work, in one process: libraries are loaded once, and algorithms timed once. Before each work
/// a line of JSON on stdout has its arguments; a work that fails leaves one with its error, and the next one follows.
/// Returns the exit code: whether all succeeded.
int time_in_one_process(const std::vector<BenchSettings>& works,
                        const std::function<void(const engine::Context&, const BenchSettings&)>& time);

}  // namespace apps
