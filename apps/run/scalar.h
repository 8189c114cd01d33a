#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace apps {

/// The axis of a plot. Scalars whose axes have the same label are drawn into one plot.
struct PlotAxis {
  std::string_view label = {};               ///< with the unit: "loss (nats)"; empty: no plot
  std::optional<double> min = {}, max = {};  ///< where it begins and ends; else as the values do
};
inline constexpr PlotAxis kLossAxis{.label = "loss (nats)"};
inline constexpr PlotAxis kAccuracyAxis{.label = "accuracy (fraction correct)", .min = 0, .max = 1};

/// A number that a run measures again and again: whoever measures it says here all that others need to know of it.
/// metrics.jsonl, the progress line, train.log and tools/report go by that.
struct Scalar {
  std::string name;       ///< in metrics.jsonl: "loss_align"
  PlotAxis axis = {};     ///< of its plot in the report
  bool headline = false;  ///< one to watch: also in the progress line, in train.log and at the head of the report
};

struct Measured {
  Scalar scalar;
  double value = 0;
};

/// What was measured under this name, if it was.
std::optional<double> value_of(std::span<const Measured> measured, std::string_view name);

/// "loss 4.1312  probe_acc 0.5120": the headlines among them, with `between` in between.
std::string headlines(std::span<const Measured> measured, std::string_view between);

/// scalars.json, by which tools/report draws metrics.jsonl: an array with name, axis and headline of each.
std::string scalars_json(std::span<const Measured> measured);

}  // namespace apps
