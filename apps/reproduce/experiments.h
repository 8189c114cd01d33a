#pragma once
#include <span>
#include <string>
#include <string_view>

#include "apps/reproduce/experiment.h"

namespace apps {

/// An experiment of the experiments/ folder, built into the program so that it needs no file.
struct ExperimentFile {
  std::string_view name, toml;
};
std::span<const ExperimentFile> experiment_files();

/// A built-in experiment by its name, or one in a file whose name ends in .toml. Throws UsageError; for an unknown name
/// the message names the nearest.
Experiment find_experiment(const std::string& name_or_path);

}  // namespace apps
