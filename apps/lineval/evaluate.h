#pragma once
#include "apps/lineval/arguments.h"

namespace apps {

/// The work of `lineval`: loads the run's network (or makes an untrained one) or an encoder from a file, evaluates its
/// features on the test set with a linear classifier and k nearest neighbours, prints the result and stores it. Throws
/// UsageError for a run without a checkpoint, engine::DataError for data that is not the run's, and Interrupted, with
/// nothing stored, if a signal asks to stop.
void evaluate(const EvaluationSettings& settings);

}  // namespace apps
