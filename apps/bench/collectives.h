#pragma once
#include "apps/bench/timing.h"

namespace apps {

/// Times what the ranks do together, with 8 bytes to 16 MiB: rank 0 prints a table, and the same as a line of JSON.
/// Collective; throws UsageError if there is one rank.
void time_collectives(const engine::Context& context, const Repetitions& repetitions);

}  // namespace apps
