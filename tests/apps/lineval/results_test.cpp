#include "apps/lineval/results.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/io/files.h"
#include "engine/io/safetensors.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
using nlohmann::json;

TEST_CASE("results: a classifier that diverged has null for accuracies, and the head is the chosen one's") {
  const ScratchDirectory scratch;
  const EvaluationSettings settings{.run = "run"};
  EvaluationResults results{.settings = settings, .features = 2, .neighbours = 7};
  results.knn = 0.5;
  results.probe.grid = {{.learning_rate = 1, .holdout_accuracy = 0.25, .test_accuracy = 0.75},
                        {.learning_rate = 300, .diverged = true, .holdout_accuracy = NAN, .test_accuracy = NAN}};
  results.probe.best = results.probe.grid[0];
  results.probe.weight = {1, 2, 3, 4, 5, 6};
  results.probe.bias = {7, 8, 9};
  write_results(scratch.path(), results);

  const json lineval = json::parse(engine::read_file(scratch / "lineval.json"));
  CHECK(lineval.at("top1") == 0.75);
  CHECK(lineval.at("grid") == json::parse(R"([{"learning_rate":1.0,"holdout":0.25,"test":0.75},
                                              {"learning_rate":300.0,"holdout":null,"test":null,"diverged":true}])"));
  CHECK(json::parse(engine::read_file(scratch / "knn.json")).at("k") == 7);
  const engine::SafetensorsFile head(scratch / "linear_head.safetensors");
  CHECK(head.at("fc.weight").shape == std::vector<std::int64_t>{3, 2});
  CHECK(head.at("fc.bias").shape == std::vector<std::int64_t>{3});
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) bytes += entry.file_size();
  CHECK(bytes < most_bytes_of_results(2, 3, {.learning_rates = {1, 300}}));
}

TEST_CASE("results: what was computed on standardised features, and what the run's own probe said, have names") {
  const ScratchDirectory scratch;
  EvaluationSettings settings{.run = "run"};
  EvaluationResults results{.settings = settings, .label_set = "digit", .features = 2, .neighbours = 7};
  results.probe = {.grid = {}, .best = {.learning_rate = 1, .test_accuracy = 0.5}, .weight = {1, 2}, .bias = {3}};
  CHECK_FALSE(json::parse(result_line(results)).contains("top1_standardized"));
  CHECK_FALSE(json::parse(result_line(results)).contains("online_top1"));
  CHECK_FALSE(json::parse(result_line(results)).contains("knn_metric"));
  results.standardized = {
      .grid = {}, .best = {.learning_rate = 2, .test_accuracy = 0.75}, .weight = {4, 5}, .bias = {6}};
  results.online_top1 = 0.25;
  settings.config.lineval.knn = {.k = 7, .weights = KnnWeights::uniform, .metric = KnnMetric::euclidean};
  const json line = json::parse(result_line(results));
  CHECK(line.at("labels") == "digit");
  CHECK(line.at("top1") == 0.5);
  CHECK(line.at("top1_standardized") == 0.75);
  CHECK(line.at("learning_rate_standardized") == 2);
  CHECK(line.at("online_top1") == 0.25);
  CHECK(line.at("knn_metric") == "euclidean");
  CHECK(line.at("knn_weights") == "uniform");
  const Accuracies accuracies = accuracies_of(results);
  CHECK(accuracies.label_set == "digit");
  CHECK(accuracies.top1_standardized == 0.75);
  write_results(scratch.path(), results);
  CHECK_FALSE(json::parse(engine::read_file(scratch / "knn.json")).contains("temperature"));
  const engine::SafetensorsFile head(scratch / "linear_head.safetensors");
  CHECK(head.at("fc.weight").shape == std::vector<std::int64_t>{1, 2});
  CHECK(head.at("fc_standardized.weight").shape == std::vector<std::int64_t>{1, 2});
  CHECK(head.at("fc_standardized.bias").shape == std::vector<std::int64_t>{1});
}

TEST_CASE("results: a name that is no UTF-8 does not cost the result") {
  const EvaluationSettings settings{.run = "caf\xe9"};
  const EvaluationResults results{.settings = settings};
  CHECK(json::parse(result_line(results)).at("run") == "caf\xef\xbf\xbd");
}
