#pragma once
#include <optional>
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// Whether a measure has a value for a cell: it may be for other places, and an untrained network has no training to
/// look at.
bool applies(const Cell& cell, const Measure& measure);
/// Whether a measure of a finished run is done. Numbers that training itself records need nothing more.
bool is_measured(const Cell& cell, const Measure& measure);

/// Does the measure of a run that is trained, and every other one that reads the same features, which are computed
/// once. RUN/measures/NAME.json has the numbers, RUN/measures/NAME/ all else. Throws Interrupted, with nothing stored,
/// if a signal asks to stop.
void perform(const Experiment& experiment, const Request& request, const Cell& cell, const Measure& measure);

/// The number; nothing if it is not measured, or null in its file. Throws engine::DataError for a damaged file.
std::optional<double> value_of(const Cell& cell, const Quantity& quantity);

}  // namespace apps
