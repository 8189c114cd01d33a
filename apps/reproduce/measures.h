#pragma once
#include <optional>
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// Whether a measure of a finished run is done. Numbers that training itself records need nothing more.
bool is_measured(const Cell& cell, const Measure& measure);
/// Whether a measure has a value for a cell: an untrained network has no training to look at.
bool applies(const Cell& cell, const Measure& measure);

/// Does a measure of a run that is trained, and stores it in RUN/measures/NAME. Throws Interrupted, with nothing
/// stored, if a signal asks to stop.
void perform(const Cell& cell, const Measure& measure, const Experiment& experiment, const Request& request);

/// The number; nothing if it is not measured, or null in its file. Throws engine::DataError for a damaged file.
std::optional<double> value_of(const Cell& cell, const Quantity& quantity);

}  // namespace apps
