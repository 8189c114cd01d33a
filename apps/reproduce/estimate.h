#pragma once
#include <map>
#include <optional>
#include <string>

#include "apps/reproduce/cells.h"

namespace apps {

/// Estimates how long experiments take on this device, from a few steps; on blank images where
/// the user gives no data. What it measured of a network
/// serves all runs of that network.
class Estimator {
 public:
  /// Of the cells that are asked for, from the beginning; nothing where the data's size cannot be guessed.
  std::optional<double> seconds(const Experiment& experiment, const Request& request);

 private:
  struct Costs {
    double training_ms = 0, evaluating_ms = 0;  ///< of an image
  };
  std::optional<Costs> costs_of(const Config& config);

  std::map<std::string, std::optional<Costs>> known_;  // by what affects them
};

/// What `reproduce --list` prints of each experiment: what it shows, its data, and for each budget its runs and their
/// time.
std::string description(const Experiment& experiment, Estimator& estimator);
/// What `reproduce --dry-run` prints: the cells, with steps and images, and the time of all.
std::string plan_text(const Experiment& experiment, const Request& request, Estimator& estimator);

}  // namespace apps
