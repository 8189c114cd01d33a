#pragma once
#include <string>
#include <string_view>

#include "apps/config/compute.h"
#include "kernels/runtime/context.h"

namespace apps {

/// The context that --device and --threads ask for; throws UsageError when this build or machine does not have it, or
/// cannot compute in --precision.
engine::Context make_context(const Compute& compute);

/// How many threads compute where `asked` were asked for, and why: "2 threads, as OMP_NUM_THREADS says".
std::string describe_threads(const engine::Context& context, std::int64_t asked);

/// Says so on stderr when OpenMP allows fewer threads than are wanted: results depend on the number.
void warn_of_threads(const engine::Context& context, std::int64_t asked, std::string_view program);

}  // namespace apps
