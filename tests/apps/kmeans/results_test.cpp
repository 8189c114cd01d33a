#include "apps/kmeans/results.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace apps;

namespace {

KMeansResults results() {
  return {.directory = "out",
          .images = 2,
          .figures = {{.tap = "group4",
                       .clusters = 3,
                       .grid = {7, 6},
                       .channels = 512,
                       .inertia = .25,
                       .explained = .5,
                       .rand_index_masks = .75}}};
}

}  // namespace

TEST_CASE("kmeans results: one line of the figures") {
  const std::string line = result_line(results());
  CHECK(line.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(line);
  CHECK(json.at("out") == "out");
  CHECK(json.at("images") == 2);
  const auto& figures = json.at("figures")[0];
  CHECK(figures.at("tap") == "group4");
  CHECK(figures.at("k") == 3);
  CHECK(figures.at("rows") == 7);
  CHECK(figures.at("columns") == 6);
  CHECK(figures.at("channels") == 512);
  CHECK(figures.at("inertia_per_location") == .25);
  CHECK(figures.at("explained") == .5);
  CHECK(figures.at("ari_masks") == .75);
  CHECK_FALSE(figures.contains("ari_labels"));
}

TEST_CASE("kmeans results: the file has settings, figures, and each image's clusterings") {
  KMeansSettings settings;
  settings.masks = "masks";
  settings.seed = 5;
  const Clustering clustering{.labels = {0, 0, 1}, .sizes = {2, 1}, .inertia = 3, .restart = 4, .iterations = 6};
  ResultText text{.features = "resnet18, w", .data = "some images", .images = {}};
  text.images.push_back(
      {.image = {.example = 9, .file = "cat/1.jpg", .label = 2, .extent = {8, 9}},
       .found = {{.tap = "group4", .clustering = clustering, .explained = .5, .rand_index_masks = 1}}});
  const auto json = nlohmann::json::parse(results_json(settings, results(), text));
  CHECK(json.at("seed") == 5);
  CHECK(json.at("role") == "probe-test");
  CHECK(json.at("masks") == "masks");
  CHECK(json.at("features") == "resnet18, w");
  CHECK(json.at("figures").size() == 1);
  CHECK_FALSE(json.contains("clusterings"));
  const auto& image = json.at("images")[0];
  CHECK(image.at("name") == "cat/1.jpg");
  CHECK(image.at("label") == 2);
  CHECK(image.at("height") == 8);
  const auto& found = image.at("clusterings")[0];
  CHECK(found.at("k") == 2);
  CHECK(found.at("inertia") == 3);
  CHECK(found.at("restart") == 4);
  CHECK(found.at("iterations") == 6);
  CHECK(found.at("sizes") == std::vector<int>{2, 1});
  CHECK(found.at("ari_masks") == 1);
}

TEST_CASE("kmeans results: the page's table has a column for agreement where there is some") {
  std::vector<KMeansFigures> figures = results().figures;
  CHECK(figures_html(figures).find("<td>7 x 6 x 512</td><td>3</td><td>0.25</td><td>0.500</td><td>0.750</td></tr>") !=
        std::string::npos);
  CHECK(figures_html(figures).find("ARI with the masks") != std::string::npos);
  CHECK(figures_html(figures).find("ARI with the labels") == std::string::npos);
  figures[0].rand_index_masks = {};
  CHECK(figures_html(figures).find("ARI") == std::string::npos);
}
