#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/run/config_layers.h"

namespace apps {

/// Data that the user gives: --data NAME=SOURCE. {NAME} in a setting or a measure stands for it.
struct NamedSource {
  std::string name;                ///< "mnist"
  std::string usual;               ///< without --data: "mnist:datasets/mnist"
  std::vector<std::string> kinds;  ///< what a reproduction reads: "mnist"; others are allowed, and the report says so
  std::string needs;               ///< "MNIST's four idx files"
  std::string budget;              ///< the only budget that reads it; empty: all
  std::string stand_in;            ///< blank images in its place, to estimate times without it; empty: the usual ones
};

/// What one value of an axis means.
struct AxisValue {
  std::string text;        ///< as tables and --cells show it: "0.1"; {AXIS} in a setting or a measure stands for it
  std::string name;        ///< its part of a run's name: "t0.1"
  Layer set = {};          ///< its settings
  std::string recipe;      ///< in place of the experiment's; empty: that one
  bool untrained = false;  ///< the network as it is initialised: nothing is trained, only measured
};

/// One dimension of an experiment.
struct Axis {
  std::string name;    ///< "temperature"
  std::string key;     ///< the setting that it changes, if it is a single one: "loss.temperature"
  std::string prefix;  ///< of the names of its values: "t"
  std::vector<AxisValue> values;
};

/// Values of some axes by name; an axis that is not named may have any.
using Where = std::map<std::string, std::vector<std::string>>;

enum class MeasureKind {
  result,   ///< a number of the run's result.json, such as the test accuracy of its online probe
  metric,   ///< the mean of a number over the last tenth of the steps in metrics.jsonl
  lineval,  ///< linear evaluation and k nearest neighbours after training
  kmeans,   ///< clusters of local features, with their pictures
};

/// What is measured of every run.
struct Measure {
  std::string name;        ///< "second"
  std::string label = {};  ///< in tables: "second digit"
  MeasureKind kind = MeasureKind::result;
  std::string key = {};            ///< of result.json or metrics.jsonl
  std::string labels = {};         ///< of `lineval`: the label set; empty: the first
  std::string tap = {};            ///< of `lineval` and `kmeans`; empty: the encoder's output, or its last group
  std::string data = {};           ///< of `lineval` and `kmeans`: other data than the run's, with placeholders
  bool standardized = false;       ///< of `lineval`: also of standardised features
  std::string raw = {};            ///< of `kmeans`: "patches" or "mean-rgb" in place of a network's features
  std::vector<int> clusters = {};  ///< of `kmeans`
  std::int64_t images = 16;        ///< of `kmeans`
  Layer set = {};                  ///< of `lineval` and `kmeans`: settings of the evaluation
  Where where = {};                ///< elsewhere it is not done

  /// Whether it is done once training has ended, and not by training itself.
  bool is_evaluation() const { return kind == MeasureKind::lineval || kind == MeasureKind::kmeans; }
};

/// One number that a measure gives: a linear evaluation gives the accuracy of its classifier and that of nearest
/// neighbours, clusters the share of the variance that each number of them explains.
struct Quantity {
  std::string name;   ///< "second", "second_knn"
  std::string label;  ///< "second digit", "second digit, kNN"
  const Measure* measure;
  std::string field;  ///< of the measure's file
};

/// What the paper's figures show beyond single numbers: how a quantity changes along an axis. Where figures of another
/// budget cannot be compared, this can.
struct Trend {
  enum class Expected { falls, rises, flat };
  std::string says;  ///< "the first digit falls to the untrained network's as the second one grows"
  std::string quantity;
  std::string along;               ///< axis
  std::string from = {}, to = {};  ///< values of that axis; empty: its first and last
  std::string over = {};           ///< axis; if given, the spread over it (largest less smallest) is what changes
  Where where = {};                ///< elsewhere it need not hold
  Expected expected = Expected::falls;
  double by = 0;  ///< falls or rises by at least; flat: changes by at most
};

/// Figures of the paper.
struct Published {
  std::string source;                                 ///< where they are from
  std::map<std::string, std::vector<double>> values;  ///< of a quantity, in the order of the cells; NaN: not published
};

/// How much of an experiment is done.
struct Budget {
  std::string name;       ///< "paper" or "small"
  std::string note = {};  ///< what differs from the paper, or what the paper leaves open
  Layer set = {};
  std::map<std::string, std::vector<AxisValue>> values = {};  ///< of axes that have others than the experiment's
  std::int64_t seeds = 2;
};

/// How tools/report draws it: a curve over the values of one axis for each value of another.
struct Plot {
  std::string x, lines;
  bool log_x = false;
};

/// A table or figure of the paper: a recipe, axes along which it varies, what is measured, and what was published.
/// Described by experiments/NAME.toml (docs/experiments.md).
struct Experiment {
  std::string name, title;
  std::string figure;    ///< where it is in the paper
  std::string shows;     ///< what one learns from it
  std::string protocol;  ///< how figures are obtained, as far as the measures do not say it
  std::string recipe;
  std::vector<NamedSource> sources;
  Layer set;  ///< changes to the recipe
  std::vector<Axis> axes;
  std::vector<Where> excluded;  ///< cells that do not exist
  std::vector<Measure> measures;
  Published published;
  std::vector<Trend> trends;
  std::vector<Budget> budgets;  ///< the paper's first
  Plot plot;

  const Axis* find_axis(std::string_view axis) const;
  const Measure* find_measure(std::string_view measure) const;
  /// Throws UsageError, naming the budgets that there are.
  const Budget& budget(std::string_view budget) const;
  /// The values of an axis with this budget.
  const std::vector<AxisValue>& values(const Axis& axis, const Budget& budget) const;
  /// The sources that a budget reads.
  std::vector<NamedSource> sources_of(const Budget& budget) const;
  /// What is measured, a number at a time.
  std::vector<Quantity> quantities() const;
};

/// Indices of values, one for each axis.
using Place = std::vector<std::size_t>;
/// All combinations of values with this budget that are not excluded, the last axis fastest.
std::vector<Place> places(const Experiment& experiment, const Budget& budget);
/// The texts of a place's values, by axis.
std::map<std::string, std::string> texts_at(const Experiment& experiment, const Budget& budget, const Place& place);
/// Whether the values by axis are among those named.
bool is_at(const std::map<std::string, std::string>& values, const Where& where);

/// The name of a place's runs, without their seeds: "t0.1-bits5".
std::string name_at(const Experiment& experiment, const Budget& budget, const Place& place);

/// The published figure of a place of this budget; nothing if there is none.
std::optional<double> published_at(const Experiment& experiment, const Budget& budget, const Place& place,
                                   const std::string& quantity);

}  // namespace apps
