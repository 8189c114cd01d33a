#pragma once
#include "apps/config/config.h"
#include "apps/run/data_fingerprint.h"
#include "kernels/runtime/context.h"

namespace apps {

// What a run on several ranks checks before its first step. With one rank nothing is refused.

/// Throws UsageError for what only one rank computes so far, and for batches that are not divisible by the ranks.
void check_computes_on_ranks(const Config& config, const engine::Communicator& ranks);

/// Throws UsageError, on all ranks, unless all of them have the configuration, data, build, kernels and number of
/// threads of rank 0; collective.
void check_same_on_ranks(const engine::Context& context, const Config& config, const DataFingerprint& data);

}  // namespace apps
