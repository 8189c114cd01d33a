#include "apps/suppress/table_results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "apps/run/environment.h"
#include "apps/run/json_text.h"
#include "apps/run/metrics.h"
#include "apps/suppress/arm_report.h"
#include "apps/suppress/observation.h"
#include "apps/suppress/verdict.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::array kArmNames{"clean", "planted", "control"};
constexpr std::int64_t kLossPoints = 20;  // of a training

using Curve = std::map<std::int64_t, double>;  // by step

/// Accuracies of the online probes that the runs recorded.
struct Online {
  std::map<std::string, Curve> train, test;  ///< by name: "probe_acc"
};

Online online_of(const fs::path& run) {
  Online online;
  if (!fs::exists(run / kMetricsFile)) return online;
  for (const StepMetrics& record : read_metrics(engine::read_file(run / kMetricsFile))) {
    for (const Measured& value : record.values) {
      const std::string& name = value.scalar.name;
      if (!name.starts_with("probe") || !name.ends_with("_acc") || !std::isfinite(value.value)) continue;
      (record.phase == "eval" ? online.test : online.train)[name][record.step] = value.value;
    }
  }
  return online;
}

/// The mean of several runs, at the steps that all of them have.
Curve mean_of(std::span<const Curve> runs) {
  Curve mean;
  if (runs.empty()) return mean;
  for (const auto& [step, first] : runs.front()) {
    double sum = 0;
    for (const Curve& run : runs) {
      const auto found = run.find(step);
      if (found == run.end()) break;
      sum += found->second;
      if (&run == &runs.back()) mean[step] = sum / static_cast<double>(runs.size());
    }
  }
  return mean;
}

Json pairs_json(const Curve& curve) {
  Json pairs = Json::array();
  for (const auto& [step, value] : curve) pairs.push_back({step, value});
  return pairs;
}

/// The losses as observations at a twentieth of the training each, without anything else.
std::vector<Observation> loss_curve(const fs::path& run, std::int64_t steps) {
  std::vector<Observation> curve;
  for (std::int64_t i = 1; i <= kLossPoints; ++i) {
    const std::int64_t step = steps * i / kLossPoints;
    if (step > 0 && (curve.empty() || curve.back().step < step)) curve.push_back({.step = step});
  }
  add_losses(curve, losses_of(run));
  return curve;
}

/// What is known of an arm: means over its seeds.
struct ArmSeen {
  std::vector<Observation> curve;   ///< looks at its networks
  std::vector<Observation> losses;  ///< of its training
  std::map<std::string, Curve> online_train, online_test;
  Json runs = Json::array();
};

ArmSeen seen_of(const std::vector<TableRun>& runs, const std::vector<KeptWeights::Looks>& looks) {
  ArmSeen seen;
  std::vector<std::vector<Observation>> curves, losses;
  std::map<std::string, std::vector<Curve>> train, test;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const TableRun& run = runs[i];
    seen.runs.push_back({{"run", run.name},
                         {"seed", run.config.train.seed},
                         {"steps", run.steps},
                         {"looked_at", looks[i].from},
                         {"missing", looks[i].missing}});
    curves.push_back(looks[i].observations);
    add_losses(curves.back(), losses_of(run.directory));
    losses.push_back(loss_curve(run.directory, run.steps));
    Online online = online_of(run.directory);
    for (auto& [name, curve] : online.train) train[name].push_back(std::move(curve));
    for (auto& [name, curve] : online.test) test[name].push_back(std::move(curve));
  }
  seen.curve = apps::mean_of(curves);
  seen.losses = apps::mean_of(losses);
  for (const auto& [from, to] : {std::pair(&train, &seen.online_train), std::pair(&test, &seen.online_test)}) {
    for (const auto& [name, all] : *from)
      if (all.size() == runs.size()) (*to)[name] = mean_of(all);
  }
  return seen;
}

Json arm_json(const char* name, const ArmSeen& seen) {
  Json json{{"name", name},           {"runs", seen.runs},       {"settings", Json::array()},
            {"curve", Json::array()}, {"losses", Json::array()}, {"online", Json::object()}};
  for (const Observation& observation : seen.curve) json["curve"].push_back(point_json(observation));
  for (const Observation& point : seen.losses)
    if (point.loss) json["losses"].push_back({point.step, *point.loss});
  for (const auto& [probe, curve] : seen.online_train) json["online"][probe]["train"] = pairs_json(curve);
  for (const auto& [probe, curve] : seen.online_test) json["online"][probe]["test"] = pairs_json(curve);
  return json;
}

/// What is not known, in sentences.
std::vector<std::string> open_questions(const TableRow& row, const std::array<ArmSeen, 3>& seen) {
  std::vector<std::string> open;
  if (row.arms[kClean].empty()) {
    open.push_back("There is no clean run: what the networks learn without the feature is not known" +
                   (row.nearest_clean.empty() ? "." : fmt::format(" ({}).", row.nearest_clean)));
  } else if (!row.arms[kClean].front().planted.plant && row.plant.has_planes()) {
    open.push_back(
        "The clean networks have no planes for the feature, so that their first layer is smaller, and its first "
        "weights are others.");
  }
  if (row.arms[kControl].empty())
    open.push_back(fmt::format("There is no control ({}): what is lost may be lost to the looks of the images.",
                               "the same feature drawn for every view"));
  if (row.every_visit)
    open.push_back("The planted feature is drawn anew for every visit of an image, and shared by its views.");
  for (std::size_t arm = 0; arm < seen.size(); ++arm) {
    for (const Json& run : seen[arm].runs) {
      if (!run["missing"].get_ref<const std::string&>().empty())
        open.push_back(fmt::format("{}: {}.", plain_text(run["run"]), plain_text(run["missing"])));
    }
  }
  return open;
}

/// Without looks, only what the runs recorded.
std::string recorded_text(const std::array<ArmSeen, 3>& seen) {
  std::vector<std::string> parts;
  for (std::size_t arm = 0; arm < seen.size(); ++arm) {
    const auto probe = seen[arm].online_test.find("probe_acc");
    if (probe == seen[arm].online_test.end() || probe->second.empty()) continue;
    parts.push_back(fmt::format("{:.2f} in the {} runs", probe->second.rbegin()->second, kArmNames[arm]));
  }
  if (parts.empty()) return {};
  return fmt::format("The probe that trained beside them ends, on test images, at {}.", fmt::join(parts, ", "));
}

std::string settings_text(const Json& row) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : row["settings"].items())
    parts.push_back(fmt::format("{} = {}", key, plain_text(value)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string title_of(const Json& row) {
  const std::string settings = settings_text(row);
  return plain_text(row["plant"]) + (settings.empty() ? "" : ", " + settings);
}

/// The accuracy at the end of an arm; empty if nothing is known.
std::string accuracy_text(const Json& row, std::size_t arm, const Json& label_set) {
  const Json& curve = row["arms"][arm]["curve"];
  if (curve.empty() || label_set.is_null()) return {};
  const Json& readings = curve.back()["readings"];
  const std::string name = plain_text(label_set);
  return readings.contains(name) ? number_text(readings[name]["accuracy"]) : "";
}

std::string kind_text(const Json& row) {
  if (row["verdict"].is_null()) return "no weights to look at";
  if (!row["verdict"]["kind"].is_null()) return plain_text(row["verdict"]["kind"]);
  return row["arms"][kClean]["runs"].empty() ? "no clean run" : "lost, no control";
}

std::string overview_markdown(const Json& results) {
  std::string text =
      "| settings | planted | verdict | labels: clean | planted | control | feature: planted | control | loss below "
      "the "
      "clean one from |\n|---|---|---|---:|---:|---:|---:|---:|---:|\n";
  for (const Json& row : results["rows"]) {
    const Json &labels = row["labels"], &feature = row["planted_label_set"],
               &from = row["loss_below_clean_from"]["planted"];
    text +=
        fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", settings_text(row), plain_text(row["plant"]),
                    kind_text(row), accuracy_text(row, kClean, labels), accuracy_text(row, kPlanted, labels),
                    accuracy_text(row, kControl, labels), accuracy_text(row, kPlanted, feature),
                    accuracy_text(row, kControl, feature), from.is_null() ? "" : from.dump());
  }
  return text;
}

std::string row_markdown(const Json& row) {
  std::string text = fmt::format("\n## {}\n\n", title_of(row));
  if (const Json& verdict = row["verdict"]; !verdict.is_null())
    text += fmt::format("**{}** {}\n\n", plain_text(verdict["conclusion"]), plain_text(verdict["text"]));
  if (const std::string recorded = plain_text(row["recorded"]); !recorded.empty()) text += recorded + "\n\n";
  text += arms_markdown(row) + "\n";
  if (!row["arms"][kClean]["runs"].empty()) text += crossings_markdown(row) + "\n\n";
  for (const Json& sentence : row["open"]) text += fmt::format("- {}\n", plain_text(sentence));
  for (const Json& arm : row["arms"]) {
    for (const Json& run : arm["runs"]) {
      const std::string from = plain_text(run["looked_at"]);
      text += fmt::format("- {}: `{}`{}\n", plain_text(arm["name"]), plain_text(run["run"]),
                          from.empty() ? "" : ", " + from);
    }
  }
  return text;
}

}  // namespace

Json row_json(const TableRow& row, const RowLooks& looks) {
  std::array<ArmSeen, 3> seen;
  for (std::size_t arm = 0; arm < seen.size(); ++arm) seen[arm] = seen_of(row.arms[arm], looks[arm]);
  const std::string planted = row.plant.label_set(), labels = own_labels(seen[kPlanted].curve, planted);
  // Without labels of the images, the probe that trained beside is on the planted feature.
  const bool has_own_labels = !labels.empty() || seen[kPlanted].curve.empty();
  Json json{{"plant", row.plant.text()},
            {"images", row.images},
            {"settings", Json::object()},
            {"planted_label_set", planted},
            {"labels", labels.empty() ? Json() : Json(labels)},
            {"label_sets", Json::array()},
            {"verdict", nullptr},
            {"recorded", has_own_labels ? recorded_text(seen) : ""},
            {"open", open_questions(row, seen)}};
  for (const Setting& setting : row.settings) json["settings"][setting.first] = setting.second;
  if (!seen[kPlanted].curve.empty()) {
    for (const Reading& reading : seen[kPlanted].curve.back().readings) json["label_sets"].push_back(reading.name);
    json["verdict"] = verdict_json(judge({.clean = seen[kClean].curve,
                                          .planted = seen[kPlanted].curve,
                                          .control = seen[kControl].curve,
                                          .labels = labels,
                                          .feature = planted,
                                          .words = row.plant.words(),
                                          .many = row.plant.many()}));
  }
  json["loss_below_clean_from"] = crossings_json(seen[kClean].losses, seen[kPlanted].losses, seen[kControl].losses);
  json["arms"] = Json::array();
  for (std::size_t arm = 0; arm < seen.size(); ++arm) json["arms"].push_back(arm_json(kArmNames[arm], seen[arm]));
  return json;
}

Json table_json(const fs::path& directory, const RunTable& table, std::vector<Json> rows, std::int64_t probe_images,
                const std::string& environment) {
  return {{"table", directory.string()}, {"probe_images", probe_images},    {"rows", std::move(rows)},
          {"left_out", table.left_out},  {"thresholds", thresholds_json()}, {"environment", Json::parse(environment)}};
}

std::string table_markdown(const Json& results) {
  std::string text =
      fmt::format("# Suppression in the runs of {}\n\n{}", plain_text(results["table"]), overview_markdown(results));
  for (const Json& row : results["rows"]) text += row_markdown(row);
  if (!results["left_out"].empty()) {
    text += "\n## Left out\n\n";
    for (const Json& sentence : results["left_out"]) text += fmt::format("- {}\n", plain_text(sentence));
  }
  text += fmt::format(
      "\n## How it was measured\n\n"
      "Nothing was trained. Runs of a row differ in the planted feature and the seed alone; several seeds: means. "
      "Probes: ridge regression on the encoder's output, trained on at most {} training images and tested on as many "
      "test images; the accuracy of bits is the mean over bits. Cosines: of centred rows of the loss's embeddings, of "
      "test images that are all shown with the same planted values. Ranks: RankMe. Losses cross by their means over a "
      "twentieth of the training.\n\n{}\n\n{}.\n",
      results["probe_images"].dump(), verdicts_markdown(results["thresholds"]),
      environment_markdown(results["environment"]));
  return text;
}

}  // namespace apps
