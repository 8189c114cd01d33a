#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "apps/suppress/observation.h"
#include "apps/suppress/verdict.h"

namespace apps {

// The parts that the reports of a training and of a finished table have in common.

/// Step and loss of the records of RUN/metrics.jsonl.
std::vector<std::pair<std::int64_t, double>> losses_of(const std::filesystem::path& run);

/// The label set that stands for the images' own features: the first that is probed and not the planted one. Empty if
/// there is none.
std::string own_labels(const std::vector<Observation>& curve, const std::string& planted);

/// An observation with its loss.
nlohmann::ordered_json point_json(const Observation& observation);
nlohmann::ordered_json verdict_json(const Verdict& verdict);
nlohmann::ordered_json thresholds_json();
/// The steps from which the losses of the planted arm and the control stay below that of the clean arm, or null.
nlohmann::ordered_json crossings_json(const std::vector<Observation>& clean, const std::vector<Observation>& planted,
                                      const std::vector<Observation>& control);

/// Four decimals; empty for null.
std::string number_text(const nlohmann::ordered_json& value);
/// A row for the last observation of each of the arms.
std::string arms_markdown(const nlohmann::ordered_json& results);
std::string crossings_markdown(const nlohmann::ordered_json& results);
/// What the words of verdicts mean.
std::string verdicts_markdown(const nlohmann::ordered_json& thresholds);

}  // namespace apps
