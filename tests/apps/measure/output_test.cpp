#include "apps/measure/output.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace apps;

namespace {

constexpr double kWide = -1.23456789e-300;  // no number is longer than this one with five digits

Measurement wide_numbers() {
  Measurement measurement;
  measurement.losses.push_back({.name = "cross-view",
                                .parameters = {{.key = "temperature", .text = "0.1", .is_main = true},
                                               {.key = "scale", .text = "1", .is_main = false}},
                                .loss = kWide,
                                .alignment = kWide,
                                .distribution = kWide,
                                .accuracy = kWide,
                                .gradient_norm = NAN});
  measurement.priors.push_back({.name = "normal", .distance = kWide, .noise_floor = kWide});
  measurement.labels.push_back({.name = "digit", .values = 10, .most_frequent = kWide, .knn = kWide, .lidar = kWide});
  ValueCosines& cosines = measurement.labels.back().cosines;
  cosines.other_image_same_value = cosines.same_image_other_value = kWide;
  return measurement;
}

Embeddings four_rows() {
  return {.rows = {.values = std::vector<float>(8), .columns = 2},
          .images = Partition::of({0, 1, 0, 1}),
          .two_views = true};
}

/// The words of the line that begins with this one.
std::vector<std::string> words_of(const std::string& text, const std::string& first) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> all;
    for (std::string word; words >> word;) all.push_back(word);
    if (!all.empty() && all[0] == first) return all;
  }
  FAIL("there is no line of " << first);
  return {};
}

}  // namespace

TEST_CASE("measure output: numbers of any length stay apart, and what is absent is a dash") {
  const std::string text = table_text(wide_numbers(), four_rows());
  const std::string wide = "-1.2346e-300";
  CHECK(words_of(text, "cross-view") ==
        std::vector<std::string>{"cross-view", wide, wide, wide, wide, "nan", "temperature", "0.1"});
  const std::vector<std::string> prior = words_of(text, "normal"), label = words_of(text, "digit");
  CHECK(std::vector(prior.begin(), prior.begin() + 3) == std::vector<std::string>{"normal", wide, wide});
  CHECK(label == std::vector<std::string>{"digit", "10", wide, wide, wide});
  CHECK(text.find(wide + "    " + wide + "               -               -\n") != text.npos);
  CHECK(words_of(text, "RankMe")[1] == "-");
}

TEST_CASE("measure output: one line of JSON, with null for what is absent or not finite") {
  MeasureSettings settings;
  settings.embeddings = "a.npy";
  settings.second_view = "b\xff.npy";
  const std::string line = json_line(wide_numbers(), four_rows(), settings);
  CHECK(line.find('\n') == line.npos);
  const auto json = nlohmann::json::parse(line);
  CHECK(json.at("files").size() == 2);
  CHECK(json.at("rows") == 4);
  CHECK(json.at("images") == 2);
  const auto& loss = json.at("losses")[0];
  CHECK(loss.at("loss") == "cross-view");
  CHECK(loss.at("temperature") == 0.1);
  CHECK(loss.at("scale") == 1);
  CHECK(loss.at("value") == kWide);
  CHECK(loss.at("gradient_norm").is_null());
  CHECK(json.at("uniformity").is_null());
  CHECK(json.at("rank_me").is_null());
  CHECK(json.at("labels")[0].at("cosine_same_image_other_value") == kWide);
  CHECK(json.at("labels")[0].at("cosine_same_image_same_value").is_null());
}
