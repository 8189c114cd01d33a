#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apps {

/// One dimension of an experiment's table: a key of the configuration and the values it takes.
struct Axis {
  struct Value {
    std::string_view text;  ///< for the configuration: "0.1"
    std::string_view name;  ///< in the names of run directories: "t0.10"
  };
  std::string_view key;    ///< "loss.temperature"
  std::string_view label;  ///< "temperature"
  std::vector<Value> values;
};

/// A published table that runs of one recipe reproduce: one run for every value of both axes and every seed, and the
/// test accuracy of its online probe.
struct Experiment {
  std::string_view name;  ///< of its recipe too
  std::string_view title;
  std::string_view figure;     ///< where the paper shows it
  std::string_view published;  ///< what the published figures are
  std::string_view protocol;   ///< how ours are made, after "600 steps of 1000 images "
  std::string_view source;     ///< how data.source begins
  std::string_view data;       ///< what it needs
  std::string_view cost;
  Axis rows, columns;
  std::vector<double> figures;  ///< published, row by row

  double figure_at(std::size_t row, std::size_t column) const { return figures[row * columns.values.size() + column]; }
};

std::span<const Experiment> experiments();
/// Throws UsageError, naming the nearest, for a name that none has.
const Experiment& find_experiment(std::string_view name);
/// What `reproduce --list` prints.
std::string experiments_text();

}  // namespace apps
