#pragma once
#include <vector>

#include "apps/lineval/arguments.h"
#include "apps/lineval/results.h"

namespace apps {

/// The work of `lineval`: loads the run's network (or makes an untrained one) or an encoder from a file, evaluates its
/// features on the test set with a linear classifier and k nearest neighbours, prints a result for each label set and
/// stores it. Throws UsageError for a run without a checkpoint, engine::DataError for data that is not the run's, and
/// Interrupted, with nothing stored, if a signal asks to stop.
std::vector<Accuracies> evaluate(const EvaluationSettings& settings);

}  // namespace apps
