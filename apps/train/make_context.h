#pragma once
#include <string>
#include <string_view>

#include "apps/config/compute.h"
#include "kernels/runtime/context.h"

namespace apps {

/// The context for --device and --threads. Throws UsageError if this build or machine does not have it, or if it does
/// not support --precision. `communicator`: with the other ranks of a run, if there are any; collective.
engine::Context make_context(const Compute& compute, engine::Communicator* communicator = nullptr);

/// The number of computing threads and its reason: "2 threads, as OMP_NUM_THREADS says". `asked`: the requested number.
/// Collective.
std::string describe_threads(const engine::Context& context, std::int64_t asked);

/// Warns on stderr if OpenMP allows fewer threads than requested: results depend on the number. Collective.
void warn_of_threads(const engine::Context& context, std::int64_t asked, std::string_view program);

}  // namespace apps
