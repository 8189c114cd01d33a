#pragma once
#include <vector>

#include "apps/measure/measurement.h"

namespace apps {

/// Throws UsageError, before any work, if a loss does not accept its parameters or embeddings of these dimensions.
void check_losses(const MeasureSettings& settings, std::int64_t dimensions);

/// Every loss of the family, or the one that is asked for, of two stacked views z: f32 [2n,d]. `shows_progress`: on
/// stderr.
std::vector<MeasuredLoss> measure_losses(const engine::Tensor& z, const MeasureSettings& settings, bool shows_progress);

}  // namespace apps
