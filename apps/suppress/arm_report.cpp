#include "apps/suppress/arm_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/run/json_text.h"
#include "apps/run/metrics.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json step_or_null(const std::optional<std::int64_t>& step) { return step ? Json(*step) : Json(); }

const Json* last_point(const Json& arm) { return arm["curve"].empty() ? nullptr : &arm["curve"].back(); }

std::string crossing_markdown(const Json& results, const char* arm, const char* words) {
  const Json& from = results["loss_below_clean_from"][arm];
  if (from.is_null()) return fmt::format("{} is not below the clean arm's at the end. ", words);
  return fmt::format("{} stays below the clean arm's from step {}. ", words, from.dump());
}

}  // namespace

std::vector<std::pair<std::int64_t, double>> losses_of(const fs::path& run) {
  std::vector<std::pair<std::int64_t, double>> losses;
  if (!fs::exists(run / kMetricsFile)) return losses;
  for (const StepMetrics& record : read_metrics(engine::read_file(run / kMetricsFile))) {
    if (record.phase != "train") continue;
    for (const Measured& value : record.values)
      if (value.scalar.name == "loss" && std::isfinite(value.value)) losses.emplace_back(record.step, value.value);
  }
  return losses;
}

std::string own_labels(const std::vector<Observation>& curve, const std::string& planted) {
  if (curve.empty()) return {};
  for (const Reading& reading : curve.back().readings)
    if (reading.name != planted) return reading.name;
  return {};
}

Json point_json(const Observation& observation) {
  Json json = observation_json(observation);
  json["loss"] = observation.loss ? Json(*observation.loss) : Json();
  return json;
}

Json verdict_json(const Verdict& verdict) {
  return {{"kind", verdict.kind ? Json(engine::name(*verdict.kind)) : Json()},
          {"text", verdict.text},
          {"conclusion", verdict.conclusion}};
}

Json thresholds_json() {
  const VerdictThresholds thresholds;
  return {{"read", thresholds.read},
          {"lost", thresholds.lost},
          {"learned", thresholds.learned},
          {"notable", thresholds.notable}};
}

Json crossings_json(const std::vector<Observation>& clean, const std::vector<Observation>& planted,
                    const std::vector<Observation>& control) {
  return {{"planted", step_or_null(below_from(planted, clean))}, {"control", step_or_null(below_from(control, clean))}};
}

std::string number_text(const Json& value) { return value.is_null() ? "" : fmt::format("{:.4f}", value.get<double>()); }

std::string arms_markdown(const Json& results) {
  std::vector<std::string> sets = results["label_sets"];
  std::string head = "| arm | step |", rule = "|---|---:|";
  for (const std::string& set : sets) {
    head += fmt::format(" {} |", set);
    rule += "---:|";
  }
  std::string text = head + " loss | cosine, same value | cosine, same image | rank of features | of embeddings |\n" +
                     rule + "---:|---:|---:|---:|---:|\n";
  for (const Json& arm : results["arms"]) {
    const Json* point = last_point(arm);
    if (!point) continue;
    text += fmt::format("| {} | {} |", plain_text(arm["name"]), (*point)["step"].dump());
    for (const std::string& set : sets) {
      const Json& readings = (*point)["readings"];
      text += fmt::format(" {} |", readings.contains(set) ? number_text(readings[set]["accuracy"]) : "");
    }
    const Json& embeddings = (*point)["embeddings"];
    text += fmt::format(" {} | {} | {} | {:.1f} | {:.1f} |\n", number_text((*point)["loss"]),
                        number_text(embeddings["same_value"]), number_text(embeddings["same_image"]),
                        (*point)["features"]["rank"].get<double>(), embeddings["rank"].get<double>());
  }
  return text;
}

std::string crossings_markdown(const Json& results) {
  std::string text;
  for (const auto& [arm, words] :
       {std::pair("planted", "The planted arm's loss"), std::pair("control", "The control's loss")}) {
    const bool there = std::ranges::any_of(results["arms"], [&, name = arm](const Json& entry) {
      return entry["name"] == name && !entry["runs"].empty();
    });
    if (there) text += crossing_markdown(results, arm, words);
  }
  return text;
}

std::string verdicts_markdown(const Json& thresholds) {
  return fmt::format(
      "Suppressed: the planted arm has lost at least {} of the clean arm's skill, (accuracy - chance) / (1 - chance), "
      "the control less than half of that, and the planted feature is read with a skill of at least {}. Not learned "
      "yet: the clean arm, or a control that has lost as much, has gained less than {} of what its untrained network "
      "lacks. Without labels, the embeddings' cosines decide.",
      thresholds["lost"].dump(), thresholds["read"].dump(), thresholds["learned"].dump());
}

}  // namespace apps
