#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace apps {

/// The axis of a plot. Scalars whose axes have the same label are drawn into one plot.
struct PlotAxis {
  std::string_view label = {};               ///< includes the unit: "loss (nats)"; empty: no plot
  std::optional<double> min = {}, max = {};  ///< limits of the axis; default: those of the values
};
inline constexpr PlotAxis kLossAxis{.label = "loss (nats)"};
inline constexpr PlotAxis kAccuracyAxis{.label = "accuracy (fraction correct)", .min = 0, .max = 1};

/// A number that a run measures repeatedly. Whoever measures it gives its name and its presentation here;
/// metrics.jsonl, the progress line, train.log and tools/report need nothing else.
struct Scalar {
  std::string name;       ///< key in metrics.jsonl: "loss_align"
  PlotAxis axis = {};     ///< axis of its plot in the report
  bool headline = false;  ///< important: also in the progress line, in train.log and at the top of the report
};

struct Measured {
  Scalar scalar;
  double value = 0;
};

/// The value with this name, if it was measured.
std::optional<double> value_of(std::span<const Measured> measured, std::string_view name);

/// The headlines, separated by `between`: "loss 4.1312  probe_acc 0.5120".
std::string headlines(std::span<const Measured> measured, std::string_view between);

/// The contents of scalars.json, which tells tools/report how to draw metrics.jsonl: an array with name, axis and
/// headline of each scalar.
std::string scalars_json(std::span<const Measured> measured);

}  // namespace apps
