#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/experiment.h"

namespace apps {

/// A quantity's value at a place, nothing if it is not known.
using Values = std::function<std::optional<double>(const Place&)>;

/// A trend at one value of every axis that it does not run along or over.
struct Change {
  std::string at;                    ///< "temperature 0.1"; empty if there is no other axis
  std::optional<double> first = {};  ///< the value, or the spread, at its beginning; nothing while cells are missing
  std::optional<double> last = {};
  std::optional<double> largest = {};  ///< difference between two values along it
};

/// What becomes of a trend's quantity, at each place where it should hold.
std::vector<Change> changes_along(const Trend& trend, const Experiment& experiment, const Budget& budget,
                                  const Values& values);

/// Whether a change is the expected one; nothing while it is not known.
std::optional<bool> is_seen(const Trend& trend, const Change& change);

}  // namespace apps
