#include "apps/lineval/results.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include "apps/evaluation/knn.h"
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
  if (results.settings.tap != Representation::kFeatures) json["tap"] = results.settings.tap;
  if (results.settings.label_set != data::kClassLabel) json["labels"] = results.settings.label_set;
  json["top1"] = results.probe.best.test_accuracy;
  json["learning_rate"] = results.probe.best.learning_rate;
  json["knn"] = results.knn;
  json["knn_k"] = results.neighbours;
  json["encoder_sha256"] = results.encoder_sha256;
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
  const LinearProbeResult& probe = results.probe;
  const auto classes = static_cast<std::int64_t>(probe.bias.size());
  const auto bytes = [](const std::vector<float>& values) { return std::as_bytes(std::span(values)); };
  const engine::StoredTensor tensors[] = {
      {.name = "fc.weight", .shape = {classes, results.features}, .bytes = bytes(probe.weight)},
      {.name = "fc.bias", .shape = {classes}, .bytes = bytes(probe.bias)}};
  engine::save_safetensors(path, tensors, {{"format", "pt"}});
}

}  // namespace

std::string protocol_text(const LinearEvaluation& protocol, bool redrawn, const Representation& representation,
                          const std::string& data) {
  return fmt::format(
      "frozen features of {} dimensions{} (batch norm in inference mode, no augmentation), {}; multinomial logistic "
      "regression, zero init, SGD with Nesterov momentum 0.9, batch {}, {} epochs, rate x {}/256 with cosine decay, "
      "no weight decay, {}rate chosen on {:.0f}% of the training set held out{}; top-1 on the test set",
      representation.features(), representation.origin(), data, protocol.batch_size, protocol.epochs,
      protocol.batch_size, redrawn ? "training images drawn anew in each epoch, " : "", protocol.holdout * 100,
      redrawn ? ", which, as for nearest neighbours, is drawn once" : "");
}

std::string result_line(const EvaluationResults& results) { return json_text(summary(results)); }

void write_results(const fs::path& directory, const EvaluationResults& results) {
  Json json = summary(results);
  json["protocol"] = results.protocol;
  json["grid"] = grid_json(results.probe);
  engine::atomic_write_file(directory / "lineval.json", json_text(json, 2) + "\n");
  const Json knn{{"knn", results.knn}, {"k", results.neighbours}, {"temperature", KnnOptions{}.temperature}};
  engine::atomic_write_file(directory / "knn.json", json_text(knn, 2) + "\n");
  save_head(directory / "linear_head.safetensors", results);
}

std::uint64_t most_bytes_of_results(std::int64_t features, std::int64_t classes, std::size_t learning_rates) {
  constexpr std::uint64_t kTexts = 64 << 10, kRate = 256;
  return sizeof(float) * static_cast<std::uint64_t>(classes * (features + 1)) + kRate * learning_rates + kTexts;
}

}  // namespace apps
