#include "apps/suppress/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "apps/run/metrics.h"
#include "apps/suppress/observation.h"
#include "apps/suppress/verdict.h"
#include "apps/train/begun_run.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct ArmResult {
  std::vector<Observation> curve;
  std::int64_t finished = 0;
};

std::vector<std::pair<std::int64_t, double>> losses_of(const fs::path& run) {
  std::vector<std::pair<std::int64_t, double>> losses;
  if (!fs::exists(run / kMetricsFile)) return losses;
  std::istringstream lines(engine::read_file(run / kMetricsFile));
  for (std::string line; std::getline(lines, line);) {
    const auto record = engine::parse_json<nlohmann::json>(line);
    if (!record.is_object() || record.value("phase", "") != "train" || !record.contains("loss")) continue;
    const auto step = engine::whole_number(record.value("step", nlohmann::json()));
    if (step && record["loss"].is_number()) losses.emplace_back(*step, record["loss"].get<double>());
  }
  return losses;
}

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

Json point_json(const Observation& observation) {
  Json json = observation_json(observation);
  json["loss"] = observation.loss ? Json(*observation.loss) : Json();
  return json;
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

Json step_or_null(const std::optional<std::int64_t>& step) { return step ? Json(*step) : Json(); }

/// The label set that stands for the images' own features: the first that is probed and not the planted one.
std::string labels_of(const std::vector<Observation>& curve, const std::string& planted) {
  if (curve.empty()) return {};
  for (const Reading& reading : curve.back().readings)
    if (reading.name != planted) return reading.name;
  return {};
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

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }
std::string number_text(const Json& value) { return value.is_null() ? "" : fmt::format("{:.4f}", value.get<double>()); }

const Json* last_point(const Json& arm) { return arm["curve"].empty() ? nullptr : &arm["curve"].back(); }

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
    text += fmt::format("| {} | {} |", text_of(arm["name"]), (*point)["step"].dump());
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

std::string remedies_markdown(const Json& results) {
  if (results["remedies"].empty()) return {};
  std::string text =
      "\n## Remedies, on the planted arm\n\n| remedy | settings | regained | labels | planted | cosine, same value | "
      "cosine, same image |\n|---|---|---:|---:|---:|---:|---:|\n";
  for (const Json& remedy : results["remedies"]) {
    std::vector<std::string> settings = remedy["settings"];
    text += fmt::format("| {} | `{}` | {} | {} | {} | {} | {} |\n", text_of(remedy["name"]), fmt::join(settings, ", "),
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
      if (!run["failure"].is_null()) text += fmt::format("- `{}`: {}\n", text_of(run["run"]), text_of(run["failure"]));
    }
  }
  if (text.empty()) return text;
  return fmt::format(
      "**Failed. These runs would fail again, so they are repeated only if their directories are deleted:**\n\n{}\n",
      text);
}

std::string crossing_markdown(const Json& results, const char* arm, const char* words) {
  const Json& from = results["loss_below_clean_from"][arm];
  if (from.is_null()) return fmt::format("{} is not below the clean arm's at the end. ", words);
  return fmt::format("{} stays below the clean arm's from step {}. ", words, from.dump());
}

}  // namespace

Json suppress_json(const ArmTable& table, const SuppressSettings& settings, const std::string& environment) {
  std::vector<ArmResult> results;
  for (std::size_t arm = 0; arm < table.arms.size(); ++arm) results.push_back(result_of(table, arm, settings.steps));
  const std::string planted = table.plant.label_set(), labels = labels_of(results[kClean].curve, planted);

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
    json["verdict"] = {
        {"kind", engine::name(verdict.kind)}, {"text", verdict.text}, {"conclusion", verdict.conclusion}};
  }
  const VerdictThresholds thresholds;
  json["thresholds"] = {{"read", thresholds.read},
                        {"lost", thresholds.lost},
                        {"learned", thresholds.learned},
                        {"notable", thresholds.notable}};
  json["loss_below_clean_from"] = {
      {"planted", step_or_null(below_from(results[kPlanted].curve, results[kClean].curve))},
      {"control", step_or_null(below_from(results[kControl].curve, results[kClean].curve))}};
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
      fmt::format("# Suppression report: {} in {}\n\n", text_of(results["plant"]), text_of(results["images"]));
  if (results["runs_finished"] != results["runs"])
    text += fmt::format("**Not complete: {} of {} runs are finished.**\n\n", results["runs_finished"].dump(),
                        results["runs"].dump());
  text += failures_markdown(results);
  if (const Json& verdict = results["verdict"]; !verdict.is_null())
    text += fmt::format("**{}** {}\n\n", text_of(verdict["conclusion"]), text_of(verdict["text"]));
  else
    text += "No verdict yet: each of the three arms needs a finished run.\n\n";
  text += fmt::format("## At the end\n\n{}\n", arms_markdown(results));
  for (const Json& arm : results["arms"]) {
    if (arm["settings"].empty()) text += fmt::format("- {}: {}\n", text_of(arm["name"]), text_of(arm["shows"]));
  }
  text += fmt::format("\n{}{}\n", crossing_markdown(results, "planted", "The planted arm's loss"),
                      crossing_markdown(results, "control", "The control's"));
  text += remedies_markdown(results);
  const Json &settings = results["settings"], &thresholds = results["thresholds"],
             &environment = results["environment"];
  std::vector<std::string> words;
  for (const Json& word : environment["argv"]) words.push_back(text_of(word));
  text += fmt::format(
      "\n## How it was measured\n\n"
      "{} steps of {} images; observed every {} steps. Probes: ridge regression on the encoder's output, trained on at "
      "most {} training images and tested on as many test images; the accuracy of bits is the mean over bits. Cosines: "
      "of centred rows of the loss's embeddings, of test images that are all shown with the same planted values. "
      "Ranks: "
      "RankMe. Losses: means since the observation before. Several seeds: means.\n\n"
      "Suppressed: the planted arm has lost at least {} of the clean arm's skill, (accuracy - chance) / (1 - chance), "
      "the control less than half of that, and the planted feature is read with a skill of at least {}. Not learned "
      "yet: the clean arm, or a control that has lost as much, has gained less than {} of what its untrained network "
      "lacks. Without labels, the embeddings' cosines decide.\n\n    {}\n\nVersion {} ({}{}), {}, {} threads of {}.\n",
      settings["steps"].dump(), settings["batch_size"].dump(), settings["every"].dump(),
      settings["probe_images"].dump(), thresholds["lost"].dump(), thresholds["read"].dump(),
      thresholds["learned"].dump(), fmt::join(words, " "), text_of(environment["version"]),
      text_of(environment["git"]["sha"]).substr(0, 12), environment["git"]["dirty"] == true ? ", dirty" : "",
      text_of(environment["device"]), environment["threads"].dump(), text_of(environment["cpu"]["model"]));
  return text;
}

}  // namespace apps
