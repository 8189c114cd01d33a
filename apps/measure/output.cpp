#include "apps/measure/output.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "apps/run/json_text.h"

namespace apps {
namespace {

using Json = nlohmann::ordered_json;
using Number = std::optional<double>;

Json number_json(Number number) { return number ? Json(*number) : Json(nullptr); }

/// A parameter as a number if it is one, otherwise as text.
Json parameter_json(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? Json(number) : Json(text);
}

Json loss_json(const MeasuredLoss& loss) {
  Json json{{"loss", loss.name}};
  for (const MeasuredLoss::Parameter& parameter : loss.parameters) json[parameter.key] = parameter_json(parameter.text);
  json.update({{"value", loss.loss},
               {"alignment", loss.alignment},
               {"distribution", loss.distribution},
               {"contrastive_accuracy", number_json(loss.accuracy)},
               {"gradient_norm", loss.gradient_norm}});
  return json;
}

Json prior_json(const MeasuredPrior& prior) {
  return {{"prior", prior.name},
          {"unit_rows", prior.unit_rows},
          {"swd", prior.distance},
          {"noise_floor", prior.noise_floor}};
}

Json labels_json(const MeasuredLabels& labels) {
  const ValueCosines& cosines = labels.cosines;
  return {{"name", labels.name},
          {"values", labels.values},
          {"most_frequent", labels.most_frequent},
          {"knn", labels.knn},
          {"lidar", number_json(labels.lidar)},
          {"cosine_other_image_same_value", number_json(cosines.other_image_same_value)},
          {"cosine_same_image_other_value", number_json(cosines.same_image_other_value)},
          {"cosine_other_image_other_value", number_json(cosines.other_image_other_value)},
          {"cosine_same_image_same_value", number_json(cosines.same_image_same_value)}};
}

std::string cell(Number number) { return number ? fmt::format("{:.5g}", *number) : "-"; }

std::string line(std::string_view name, Number number, std::string_view meaning) {
  return fmt::format("  {:<22}{:>14}   {}\n", name, cell(number), meaning);
}

std::string losses_text(const Measurement& measurement) {
  if (measurement.losses.empty()) return {};
  std::string text = fmt::format("\n{:<17}{:>14}{:>14}{:>14}{:>14}{:>14}   {}\n", "Loss of one batch", "value",
                                 "alignment", "distribution", "accuracy", "|gradient|", "with");
  for (const MeasuredLoss& loss : measurement.losses) {
    std::string parameters;
    for (const auto& [key, value, is_main] : loss.parameters) {
      if (is_main) parameters += fmt::format("{}{} {}", parameters.empty() ? "" : ", ", key, value);
    }
    text +=
        fmt::format("  {:<15}{:>14}{:>14}{:>14}{:>14}{:>14}   {}\n", loss.name, cell(loss.loss), cell(loss.alignment),
                    cell(loss.distribution), cell(loss.accuracy), cell(loss.gradient_norm), parameters);
  }
  return text;
}

std::string priors_text(const std::vector<MeasuredPrior>& priors) {
  std::string text = fmt::format("\n{:<24}{:>14}{:>14}   {}\n", "Distance to priors", "SWD", "noise floor",
                                 "sliced Wasserstein; the floor is that of as many rows of the prior itself");
  for (const MeasuredPrior& prior : priors) {
    text += fmt::format("  {:<22}{:>14}{:>14}   {}\n", prior.name, cell(prior.distance), cell(prior.noise_floor),
                        prior.unit_rows ? "unit rows" : "embeddings as they are");
  }
  return text;
}

std::string labels_text(const std::vector<MeasuredLabels>& measured) {
  if (measured.empty()) return {};
  std::string text = fmt::format("\n{:<24}{:>14}{:>14}{:>14}{:>14}\n", "Labels", "values", "guessing", "kNN", "LiDAR");
  for (const MeasuredLabels& labels : measured) {
    text += fmt::format("  {:<22}{:>14}{:>14}{:>14}{:>14}\n", labels.name, labels.values, cell(labels.most_frequent),
                        cell(labels.knn), cell(labels.lidar));
  }
  text += fmt::format("\n{:<24}{:>16}{:>16}{:>16}{:>16}\n{:<24}{:>16}{:>16}{:>16}{:>16}\n", "Cosines of centred rows",
                      "other images,", "same image,", "other images,", "same image,", "", "same value", "other value",
                      "other value", "same value");
  for (const MeasuredLabels& labels : measured) {
    const ValueCosines& cosines = labels.cosines;
    text += fmt::format("  {:<22}{:>16}{:>16}{:>16}{:>16}\n", labels.name, cell(cosines.other_image_same_value),
                        cell(cosines.same_image_other_value), cell(cosines.other_image_other_value),
                        cell(cosines.same_image_same_value));
  }
  return text;
}

}  // namespace

std::string table_text(const Measurement& measurement, const Embeddings& embeddings) {
  const std::int64_t rows = embeddings.rows.count();
  std::string text = fmt::format("{} embeddings of {} dimensions: {} images{}\n", rows, embeddings.rows.columns,
                                 embeddings.images.parts, embeddings.two_views ? " in two views" : "");
  text += losses_text(measurement);
  text += "\nPairs of unit rows\n";
  text += line("alignment", measurement.alignment, "E |x-y|^2 of an image's rows: 0 where its views agree");
  text += line("uniformity", measurement.uniformity,
               "ln E exp(-2|x-y|^2) of different images: 0 where all are the same, -4 spread over a sphere");
  text += line("cosine, same image", measurement.cosines.same_image, "mean over pairs of different rows");
  text += line("cosine, other images", measurement.cosines.other_image, "the same, of rows of different images");
  text += "\nSpread\n";
  text += line("feature std", measurement.feature_std, "mean over dimensions, of the embeddings as they are");
  text += line("unit feature std", measurement.unit_feature_std,
               "the same of unit rows, times sqrt(d): 1 spread over the sphere, 0 collapsed");
  const EffectiveRanks ranks = measurement.ranks.value_or(EffectiveRanks{});
  const auto rank = [&](double value) { return measurement.ranks ? Number(value) : std::nullopt; };
  text += line("RankMe", rank(ranks.rank_me),
               "exp(-sum p ln p), p = sigma / sum(sigma) + 1e-7, sigma of the rows as they are");
  text += line("participation ratio", rank(ranks.participation_ratio), "tr(C)^2 / tr(C^2), C the covariance");
  text +=
      line("LiDAR", measurement.lidar, "effective rank of what tells images apart, against what differs between views");
  return text + priors_text(measurement.priors) + labels_text(measurement.labels);
}

std::string json_line(const Measurement& measurement, const Embeddings& embeddings, const MeasureSettings& settings) {
  Json files{settings.embeddings};
  if (!settings.second_view.empty()) files.push_back(settings.second_view);
  Json json{{"files", files},
            {"rows", embeddings.rows.count()},
            {"images", embeddings.images.parts},
            {"dimensions", embeddings.rows.columns}};
  json["losses"] = Json::array();
  for (const MeasuredLoss& loss : measurement.losses) json["losses"].push_back(loss_json(loss));
  json["alignment"] = number_json(measurement.alignment);
  json["uniformity"] = number_json(measurement.uniformity);
  json["cosine_same_image"] = number_json(measurement.cosines.same_image);
  json["cosine_other_images"] = number_json(measurement.cosines.other_image);
  json["feature_std"] = measurement.feature_std;
  json["unit_feature_std"] = measurement.unit_feature_std;
  json["rank_me"] = measurement.ranks ? Json(measurement.ranks->rank_me) : Json(nullptr);
  json["participation_ratio"] = measurement.ranks ? Json(measurement.ranks->participation_ratio) : Json(nullptr);
  json["lidar"] = number_json(measurement.lidar);
  json["priors"] = Json::array();
  for (const MeasuredPrior& prior : measurement.priors) json["priors"].push_back(prior_json(prior));
  json["labels"] = Json::array();
  for (const MeasuredLabels& labels : measurement.labels) json["labels"].push_back(labels_json(labels));
  return json_text(json);
}

}  // namespace apps
