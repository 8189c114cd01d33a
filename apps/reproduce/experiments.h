#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apps {

/// One dimension of an experiment's table: a key of the configuration and the values it takes.
struct Axis {
  struct Value {
    std::string_view text;  ///< value in the configuration: "0.1"
    std::string_view name;  ///< part of the run directory's name: "t0.10"
  };
  std::string_view key;    ///< "loss.temperature"
  std::string_view label;  ///< "temperature"
  std::vector<Value> values;
};

/// A published table that runs of one recipe reproduce. There is one run for every value of both axes and every seed;
/// its result is the test accuracy of the online probe.
struct Experiment {
  std::string_view name;  ///< also the name of its recipe
  std::string_view title;
  std::string_view figure;     ///< where it is in the paper
  std::string_view published;  ///< what the published figures are
  std::string_view protocol;   ///< how ours are obtained, after "600 steps of 1000 images "
  std::string_view source;     ///< prefix that data.source must have
  std::string_view data;       ///< the data it needs
  std::string_view cost;
  Axis rows, columns;
  std::vector<double> figures;  ///< published figures, row by row

  double figure_at(std::size_t row, std::size_t column) const { return figures[row * columns.values.size() + column]; }
};

std::span<const Experiment> experiments();
/// Throws UsageError for an unknown name; the message names the nearest one.
const Experiment& find_experiment(std::string_view name);
/// What `reproduce --list` prints.
std::string experiments_text();

}  // namespace apps
