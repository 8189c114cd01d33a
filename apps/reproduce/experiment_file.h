#pragma once
#include <string>
#include <string_view>

#include "apps/reproduce/experiment.h"

namespace apps {

/// Reads the description of an experiment (docs/experiments.md says what it holds). `source` is the text's name in
/// errors. Throws UsageError, with file and line, for what cannot be read, unknown keys, axes and placeholders, values
/// of the wrong type, and published figures that do not fit the axes.
Experiment read_experiment(std::string_view text, const std::string& name, const std::string& source);

}  // namespace apps
