#include "apps/lineval/results.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include "apps/run/json_text.h"
#include "engine/io/files.h"
#include "engine/io/safetensors.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json summary(const EvaluationResults& results) {
  Json json{{"run", results.settings.run}, {"step", results.step}, {"untrained", results.settings.random_init}};
  if (results.settings.run.empty())
    json = {{"weights", results.settings.weights}, {"arch", results.arch}, {"untrained", false}};
  if (results.settings.raw) json = {{"raw", true}};
  if (results.settings.tap != Representation::kFeatures) json["tap"] = results.settings.tap;
  if (results.label_set != data::kClassLabel) json["labels"] = results.label_set;
  const Accuracies accuracies = accuracies_of(results);
  json["top1"] = accuracies.top1;
  json["learning_rate"] = results.probe.best.learning_rate;
  if (results.standardized) {
    json["top1_standardized"] = *accuracies.top1_standardized;
    json["learning_rate_standardized"] = results.standardized->best.learning_rate;
  }
  if (accuracies.online_top1) json["online_top1"] = *accuracies.online_top1;
  const KnnOptions& knn = results.settings.config.lineval.knn;
  json["knn"] = accuracies.knn;
  json["knn_k"] = results.neighbours;
  if (knn.metric != KnnOptions{}.metric) json["knn_metric"] = engine::name(knn.metric);
  if (knn.weights != KnnOptions{}.weights) json["knn_weights"] = engine::name(knn.weights);
  if (!results.settings.raw) json["encoder_sha256"] = results.encoder_sha256;
  json["redraw"] = results.redrawn;
  json["seed"] = results.settings.config.lineval.seed;
  json["precision"] = engine::name(results.settings.config.run.compute.precision);
  json["data"] = results.settings.config.data.source;
  json["bits"] = results.settings.config.data.bits;
  return json;
}

Json grid_json(const LinearProbeResult& probe) {
  Json grid = Json::array();
  for (const auto& point : probe.grid) {
    Json json{
        {"learning_rate", point.learning_rate}, {"holdout", point.holdout_accuracy}, {"test", point.test_accuracy}};
    if (point.diverged) json.update({{"holdout", nullptr}, {"test", nullptr}, {"diverged", true}});
    grid.push_back(json);
  }
  return grid;
}

void save_head(const fs::path& path, const EvaluationResults& results) {
  std::vector<engine::StoredTensor> tensors;
  const auto add = [&](const std::string& name, const LinearProbeResult& probe) {
    const auto classes = static_cast<std::int64_t>(probe.bias.size());
    const auto bytes = [](const std::vector<float>& values) { return std::as_bytes(std::span(values)); };
    tensors.push_back({.name = name + ".weight", .shape = {classes, results.features}, .bytes = bytes(probe.weight)});
    tensors.push_back({.name = name + ".bias", .shape = {classes}, .bytes = bytes(probe.bias)});
  };
  add("fc", results.probe);
  if (results.standardized) add("fc_standardized", *results.standardized);
  engine::save_safetensors(path, tensors, {{"format", "pt"}});
}

std::string features_text(const EvaluationSettings& settings, const Representation& representation,
                          const std::string& data) {
  if (settings.raw)
    return fmt::format("pixels from 0 to 1, {} values an image, no network, {}", representation.features(), data);
  return fmt::format("frozen features of {} dimensions{} (batch norm in inference mode, no augmentation), {}",
                     representation.features(), representation.origin(), data);
}

}  // namespace

Accuracies accuracies_of(const EvaluationResults& results) {
  Accuracies accuracies{.label_set = results.label_set,
                        .top1 = results.probe.best.test_accuracy,
                        .knn = results.knn,
                        .online_top1 = results.online_top1};
  if (results.standardized) accuracies.top1_standardized = results.standardized->best.test_accuracy;
  return accuracies;
}

std::string protocol_text(const EvaluationSettings& settings, bool redrawn, const Representation& representation,
                          const std::string& data) {
  const LinearEvaluation& protocol = settings.config.lineval;
  return fmt::format(
      "{}; multinomial logistic regression, zero init, SGD with Nesterov momentum 0.9, batch {}, {} epochs, rate x "
      "{}/256 with cosine decay, no weight decay, {}rate chosen on {:.0f}% of the training set held out{}; top-1 on "
      "the test set{}",
      features_text(settings, representation, data), protocol.batch_size, protocol.epochs, protocol.batch_size,
      redrawn ? "training images drawn anew in each epoch, " : "", protocol.holdout * 100,
      redrawn ? ", which, as for nearest neighbours, is drawn once" : "",
      protocol.standardize ? "; top1_standardized is the same on features less their mean and divided by their "
                             "standard deviation over the training set"
                           : "");
}

std::string result_line(const EvaluationResults& results) { return json_text(summary(results)); }

void write_results(const fs::path& directory, const EvaluationResults& results) {
  Json json = summary(results);
  json["protocol"] = results.protocol;
  json["grid"] = grid_json(results.probe);
  if (results.standardized) json["grid_standardized"] = grid_json(*results.standardized);
  engine::atomic_write_file(directory / "lineval.json", json_text(json, 2) + "\n");
  const KnnOptions& options = results.settings.config.lineval.knn;
  Json knn{{"knn", results.knn},
           {"k", results.neighbours},
           {"metric", engine::name(options.metric)},
           {"weights", engine::name(options.weights)}};
  if (options.weights == KnnWeights::similarity) knn["temperature"] = options.temperature;
  engine::atomic_write_file(directory / "knn.json", json_text(knn, 2) + "\n");
  save_head(directory / "linear_head.safetensors", results);
}

std::uint64_t most_bytes_of_results(std::int64_t features, std::int64_t classes, const LinearEvaluation& protocol) {
  constexpr std::uint64_t kTexts = 64 << 10, kRate = 256;
  const std::uint64_t grids = protocol.standardize ? 2 : 1;
  const std::uint64_t of_grid =
      sizeof(float) * static_cast<std::uint64_t>(classes * (features + 1)) + kRate * protocol.learning_rates.size();
  return grids * of_grid + kTexts;
}

}  // namespace apps
