#include "apps/suppress/observation.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

Observation observation(std::int64_t step, double accuracy = 0.5, std::optional<double> loss = {}) {
  return {.step = step,
          .readings = {{.name = "label", .accuracy = accuracy, .chance = 0.1},
                       {.name = "bits", .accuracy = 0.75, .chance = 0.5, .all = 0.25}},
          .features = {.rank = 12.5, .same_value = 0.1, .same_image = 0.9},
          .embeddings = {.rank = 3},
          .loss = loss};
}

}  // namespace

TEST_CASE("observations: skill is accuracy above guessing") {
  CHECK(Reading{.name = "", .accuracy = 0.75, .chance = 0.5}.skill() == 0.5);
  CHECK(Reading{.name = "", .accuracy = 1, .chance = 1}.skill() == 0);
}

TEST_CASE("observations: what is written is read, and a resumed run drops what it will repeat") {
  const ScratchDirectory scratch;
  const auto path = scratch / "suppress.jsonl";
  CHECK(ObservationFile::read(path).empty());
  {
    ObservationFile file(path, -1);
    for (const std::int64_t step : {0, 10, 20}) file.write(observation(step));
    CHECK(file.has(20));
    CHECK_FALSE(file.has(15));
  }
  const std::string whole = engine::read_file(path);
  CHECK(ObservationFile::read(path) == std::vector{observation(0), observation(10), observation(20)});
  std::ofstream(path, std::ios::app) << R"({"step":30,"readi)";  // what a kill left
  CHECK(ObservationFile::read(path).size() == 3);
  {
    ObservationFile file(path, 20);
    CHECK(engine::read_file(path) == whole);
    CHECK(file.has(20));
  }
  {
    ObservationFile file(path, 19);
    CHECK(ObservationFile::read(path).size() == 2);
    CHECK_FALSE(file.has(20));
    file.write(observation(20));
  }
  CHECK(engine::read_file(path) == whole);
  ObservationFile(path, -1);
  CHECK(engine::read_file(path).empty());
}

TEST_CASE("observations: a file of others is refused") {
  const ScratchDirectory scratch;
  std::ofstream(scratch / "suppress.jsonl") << "{\"step\": 3}\n";
  CHECK(message_of<engine::DataError>([&] { ObservationFile::read(scratch / "suppress.jsonl"); }) ==
        (scratch / "suppress.jsonl").string() + " is not an observation of `suppress`; delete the run's directory");
}

TEST_CASE("observations: the mean of runs has the steps and numbers that all of them have") {
  std::vector<std::vector<Observation>> runs{{observation(0, 0.2, 4.0), observation(10, 0.4)},
                                             {observation(0, 0.4, 2.0), observation(5), observation(10, 0.8)}};
  runs[1][2].readings[1].all = {};
  runs[0][0].features.same_value = 0.3;
  runs[1][2].features.same_value = {};
  const std::vector<Observation> mean = mean_of(runs);
  REQUIRE(mean.size() == 2);
  CHECK(mean[0].step == 0);
  CHECK(mean[0].find("label")->accuracy == doctest::Approx(0.3));
  CHECK(*mean[0].loss == 3.0);
  CHECK(*mean[0].features.same_value == doctest::Approx(0.2));
  CHECK(mean[1].step == 10);
  CHECK(mean[1].find("label")->accuracy == doctest::Approx(0.6));
  CHECK_FALSE(mean[1].find("bits")->all.has_value());
  CHECK_FALSE(mean[1].features.same_value.has_value());
  CHECK_FALSE(mean[1].loss.has_value());
  runs[1][2].readings.pop_back();
  CHECK(mean_of(runs)[1].readings.size() == 1);
  CHECK(mean_of({}).empty());
}

TEST_CASE("observations: losses are means since the observation before") {
  std::vector<Observation> curve{observation(0), observation(2), observation(4), observation(6)};
  const std::vector<std::pair<std::int64_t, double>> losses{{1, 5.0}, {2, 3.0}, {4, 2.0}, {9, 7.0}};
  add_losses(curve, losses);
  CHECK_FALSE(curve[0].loss.has_value());
  CHECK(*curve[1].loss == 4.0);
  CHECK(*curve[2].loss == 2.0);
  CHECK_FALSE(curve[3].loss.has_value());
}

TEST_CASE("observations: where a loss falls below another one for good") {
  const auto curve = [](const std::vector<double>& losses) {
    std::vector<Observation> all{observation(0)};
    for (const double loss : losses) all.push_back(observation(std::ssize(all) * 10, 0, loss));
    return all;
  };
  const std::vector<Observation> clean = curve({5, 4, 3, 2});
  CHECK(below_from(curve({6, 3, 2, 1}), clean) == 20);
  CHECK(below_from(curve({4, 5, 2, 1}), clean) == 30);
  CHECK(below_from(curve({4, 3, 2, 1}), clean) == 10);
  CHECK_FALSE(below_from(curve({4, 3, 2, 2}), clean).has_value());
  CHECK_FALSE(below_from({}, clean).has_value());
}
