#pragma once
#include <string>
#include <string_view>

#include "apps/run/config.h"
#include "kernels/runtime/context.h"

namespace apps {

/// The context that --device and --threads ask for; throws UsageError when this build or machine does not have it, or
/// cannot compute in --precision.
engine::Context make_context(const Config& config);

/// How many threads compute, and why: "2 threads, as OMP_NUM_THREADS says".
std::string describe_threads(const engine::Context& context, const Config& config);

/// Says so on stderr when OpenMP allows fewer threads than are wanted: results depend on the number.
void warn_of_threads(const engine::Context& context, const Config& config, std::string_view program);

}  // namespace apps
