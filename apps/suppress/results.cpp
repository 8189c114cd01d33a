#include "apps/suppress/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/run/environment.h"
#include "apps/run/json_text.h"
#include "apps/suppress/arm_report.h"
#include "apps/suppress/observation.h"
#include "apps/suppress/verdict.h"
#include "apps/train/begun_run.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct ArmResult {
  std::vector<Observation> curve;
  std::int64_t finished = 0;
};

std::vector<Observation> observations_of(const ArmRun& run) {
  std::vector<Observation> observations = ObservationFile::read(fs::path(run.run.out) / kObservationFile);
  add_losses(observations, losses_of(run.run.out));
  return observations;
}

/// The mean over the finished runs; while there are none, the first run so far.
ArmResult result_of(const ArmTable& table, std::size_t arm, std::int64_t steps) {
  ArmResult result;
  std::vector<std::vector<Observation>> finished;
  const ArmRun* first = nullptr;
  for (const ArmRun& run : table.runs) {
    if (run.arm != arm) continue;
    if (!first) first = &run;
    if (run_standing(run.run.out, steps).trained) finished.push_back(observations_of(run));
  }
  result.finished = std::ssize(finished);
  result.curve = finished.empty() ? observations_of(*first) : mean_of(finished);
  return result;
}

Json run_json(const ArmRun& run, std::int64_t steps) {
  const RunStanding standing = run_standing(run.run.out, steps);
  return {{"seed", run.seed},
          {"run", run.name},
          {"step", standing.step},
          {"finished", standing.trained},
          {"seconds", standing.seconds},
          {"failure", standing.failure ? Json(*standing.failure) : Json()}};
}

const char* what_it_shows(Showing showing) {
  switch (showing) {
    case Showing::nothing: return "without the planted feature";
    case Showing::shared: return "the planted feature belongs to the image: its views share it";
    case Showing::redrawn: return "the same feature, drawn for every view: there is nothing to share";
  }
  return "";
}

double accuracy_at_end(const std::vector<Observation>& curve, const std::string& name) {
  const Reading* reading = curve.back().find(name);
  return reading ? reading->accuracy : 0;
}

/// By what each regains of the accuracy that the planted arm lost; what is not finished comes last.
Json remedies_json(const ArmTable& table, const std::vector<ArmResult>& results, const std::string& labels) {
  const std::string planted = table.plant.label_set();
  const bool judged = !labels.empty() && results[kClean].finished > 0 && results[kPlanted].finished > 0;
  std::vector<Json> ranked;
  for (std::size_t arm = kControl + 1; arm < table.arms.size(); ++arm) {
    Json entry{{"name", table.arms[arm].name}, {"settings", changes_of(*table.arms[arm].remedy, table.config)},
               {"regained", nullptr},          {"labels", nullptr},
               {"planted", nullptr},           {"same_value", nullptr},
               {"same_image", nullptr}};
    if (results[arm].finished > 0) {
      const std::vector<Observation>& curve = results[arm].curve;
      if (curve.back().find(planted)) entry["planted"] = accuracy_at_end(curve, planted);
      const SpaceState& embeddings = curve.back().embeddings;
      if (embeddings.same_value) entry["same_value"] = *embeddings.same_value;
      if (embeddings.same_image) entry["same_image"] = *embeddings.same_image;
      if (!labels.empty()) entry["labels"] = accuracy_at_end(curve, labels);
    }
    if (judged && results[arm].finished > 0) {
      const double lost = accuracy_at_end(results[kClean].curve, labels) -
                          accuracy_at_end(results[kPlanted].curve, labels),
                   back =
                       accuracy_at_end(results[arm].curve, labels) - accuracy_at_end(results[kPlanted].curve, labels);
      if (lost >= VerdictThresholds{}.notable) entry["regained"] = back / lost;
    }
    ranked.push_back(std::move(entry));
  }
  // Without a loss to regain, or without labels, by the image's part in the embeddings.
  const auto rank = [](const Json& entry) {
    for (const char* key : {"regained", "labels", "same_image"})
      if (!entry[key].is_null()) return entry[key].get<double>();
    return -2.0;
  };
  std::ranges::stable_sort(ranked, std::ranges::greater(), rank);
  return ranked;
}

std::string remedies_markdown(const Json& results) {
  if (results["remedies"].empty()) return {};
  std::string text =
      "\n## Remedies, on the planted arm\n\n| remedy | settings | regained | labels | planted | cosine, same value | "
      "cosine, same image |\n|---|---|---:|---:|---:|---:|---:|\n";
  for (const Json& remedy : results["remedies"]) {
    std::vector<std::string> settings = remedy["settings"];
    text +=
        fmt::format("| {} | `{}` | {} | {} | {} | {} | {} |\n", plain_text(remedy["name"]), fmt::join(settings, ", "),
                    number_text(remedy["regained"]), number_text(remedy["labels"]), number_text(remedy["planted"]),
                    number_text(remedy["same_value"]), number_text(remedy["same_image"]));
  }
  return text +
         "\n`regained`: the share of the accuracy between the planted arm (0) and the clean one (1); empty where "
         "nothing was lost.\n";
}

std::string failures_markdown(const Json& results) {
  std::string text;
  for (const Json& arm : results["arms"]) {
    for (const Json& run : arm["runs"]) {
      if (!run["failure"].is_null())
        text += fmt::format("- `{}`: {}\n", plain_text(run["run"]), plain_text(run["failure"]));
    }
  }
  if (text.empty()) return text;
  return fmt::format(
      "**Failed. These runs would fail again, so they are repeated only if their directories are deleted:**\n\n{}\n",
      text);
}

}  // namespace

Json suppress_json(const ArmTable& table, const SuppressSettings& settings, const std::string& environment) {
  std::vector<ArmResult> results;
  for (std::size_t arm = 0; arm < table.arms.size(); ++arm) results.push_back(result_of(table, arm, settings.steps));
  const std::string planted = table.plant.label_set(), labels = own_labels(results[kClean].curve, planted);

  Json json{{"plant", table.plant.text()},
            {"images", table.images},
            {"settings",
             {{"steps", settings.steps},
              {"every", settings.every},
              {"probe_images", settings.probe_images},
              {"batch_size", settings.batch_size}}},
            {"planted_label_set", planted},
            {"labels", labels.empty() ? Json() : Json(labels)},
            {"label_sets", Json::array()},
            {"verdict", nullptr}};
  if (!results[kPlanted].curve.empty()) {
    for (const Reading& reading : results[kPlanted].curve.back().readings) json["label_sets"].push_back(reading.name);
  }
  const bool judged = std::all_of(results.begin(), results.begin() + kControl + 1,
                                  [](const ArmResult& result) { return result.finished > 0; });
  if (judged) {
    const Verdict verdict = judge({.clean = results[kClean].curve,
                                   .planted = results[kPlanted].curve,
                                   .control = results[kControl].curve,
                                   .labels = labels,
                                   .feature = planted,
                                   .words = table.plant.words(),
                                   .many = table.plant.many()});
    json["verdict"] = verdict_json(verdict);
  }
  json["thresholds"] = thresholds_json();
  json["loss_below_clean_from"] =
      crossings_json(results[kClean].curve, results[kPlanted].curve, results[kControl].curve);
  json["remedies"] = remedies_json(table, results, labels);
  json["arms"] = Json::array();
  std::int64_t runs = 0, finished = 0, failed = 0;
  for (std::size_t arm = 0; arm < table.arms.size(); ++arm) {
    Json entry{{"name", table.arms[arm].name},
               {"shows", what_it_shows(table.arms[arm].showing)},
               {"data", table.plant.source(table.images, table.arms[arm].showing)},
               {"settings", Json::array()},
               {"runs", Json::array()},
               {"curve", Json::array()}};
    if (const Remedy* remedy = table.arms[arm].remedy) entry["settings"] = changes_of(*remedy, table.config);
    for (const ArmRun& run : table.runs) {
      if (run.arm != arm) continue;
      entry["runs"].push_back(run_json(run, settings.steps));
      ++runs;
      finished += entry["runs"].back()["finished"] == true ? 1 : 0;
      failed += entry["runs"].back()["failure"].is_null() ? 0 : 1;
    }
    for (const Observation& observation : results[arm].curve) entry["curve"].push_back(point_json(observation));
    json["arms"].push_back(std::move(entry));
  }
  json["runs"] = runs;
  json["runs_finished"] = finished;
  json["runs_failed"] = failed;
  json["environment"] = Json::parse(environment);
  return json;
}

std::string suppress_markdown(const Json& results) {
  std::string text =
      fmt::format("# Suppression report: {} in {}\n\n", plain_text(results["plant"]), plain_text(results["images"]));
  if (results["runs_finished"] != results["runs"])
    text += fmt::format("**Not complete: {} of {} runs are finished.**\n\n", results["runs_finished"].dump(),
                        results["runs"].dump());
  text += failures_markdown(results);
  if (const Json& verdict = results["verdict"]; !verdict.is_null())
    text += fmt::format("**{}** {}\n\n", plain_text(verdict["conclusion"]), plain_text(verdict["text"]));
  else
    text += "No verdict yet: each of the three arms needs a finished run.\n\n";
  text += fmt::format("## At the end\n\n{}\n", arms_markdown(results));
  for (const Json& arm : results["arms"]) {
    if (arm["settings"].empty()) text += fmt::format("- {}: {}\n", plain_text(arm["name"]), plain_text(arm["shows"]));
  }
  text += fmt::format("\n{}\n", crossings_markdown(results));
  text += remedies_markdown(results);
  const Json& settings = results["settings"];
  text += fmt::format(
      "\n## How it was measured\n\n"
      "{} steps of {} images; observed every {} steps. Probes: ridge regression on the encoder's output, trained on at "
      "most {} training images and tested on as many test images; the accuracy of bits is the mean over bits. Cosines: "
      "of centred rows of the loss's embeddings, of test images that are all shown with the same planted values. "
      "Ranks: "
      "RankMe. Losses: means since the observation before. Several seeds: means.\n\n"
      "{}\n\n{}.\n",
      settings["steps"].dump(), settings["batch_size"].dump(), settings["every"].dump(),
      settings["probe_images"].dump(), verdicts_markdown(results["thresholds"]),
      environment_markdown(results["environment"]));
  return text;
}

}  // namespace apps
