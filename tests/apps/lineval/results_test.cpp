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
  CHECK(bytes < most_bytes_of_results(2, 3, 2));
}

TEST_CASE("results: a name that is no UTF-8 does not cost the result") {
  const EvaluationSettings settings{.run = "caf\xe9"};
  const EvaluationResults results{.settings = settings};
  CHECK(json::parse(result_line(results)).at("run") == "caf\xef\xbf\xbd");
}
