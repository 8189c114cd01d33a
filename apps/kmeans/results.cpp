#include "apps/kmeans/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/kmeans/album.h"
#include "apps/run/json_text.h"

namespace apps {
namespace {

using Json = nlohmann::ordered_json;

void add_indices(Json& json, const std::optional<double>& masks, const std::optional<double>& labels) {
  if (masks) json["ari_masks"] = *masks;
  if (labels) json["ari_labels"] = *labels;
}

Json json_of(const KMeansFigures& figures) {
  Json json{{"tap", figures.tap},
            {"k", figures.clusters},
            {"rows", figures.grid.height},
            {"columns", figures.grid.width},
            {"channels", figures.channels},
            {"inertia_per_location", figures.inertia},
            {"explained", figures.explained}};
  add_indices(json, figures.rand_index_masks, figures.rand_index_labels);
  return json;
}

Json json_of(const std::vector<FoundClusters>& all) {
  Json list = Json::array();
  for (const FoundClusters& found : all) {
    const Clustering& clustering = found.clustering;
    Json json{{"tap", found.tap},
              {"k", clustering.sizes.size()},
              {"inertia", clustering.inertia},
              {"explained", found.explained},
              {"restart", clustering.restart},
              {"iterations", clustering.iterations},
              {"sizes", clustering.sizes}};
    add_indices(json, found.rand_index_masks, found.rand_index_labels);
    list.push_back(json);
  }
  return list;
}

Json figures_json(const std::vector<KMeansFigures>& figures) {
  Json list = Json::array();
  for (const KMeansFigures& each : figures) list.push_back(json_of(each));
  return list;
}

}  // namespace

std::string results_json(const KMeansSettings& settings, const KMeansResults& results, const ResultText& text) {
  Json json{{"format_version", 1},
            {"features", text.features},
            {"data", text.data},
            {"role", engine::name(settings.role)},
            {"joint", settings.joint},
            {"restarts", settings.restarts},
            {"iterations", settings.iterations},
            {"tolerance", settings.tolerance},
            {"seed", settings.seed},
            {"upsample", engine::name(settings.upsample)}};
  if (!settings.masks.empty()) json["masks"] = settings.masks;
  json["figures"] = figures_json(results.figures);
  if (settings.joint) json["clusterings"] = json_of(text.joint);
  Json images = Json::array();
  for (const auto& [image, found] : text.images) {
    Json each{{"example", image.example}};
    if (!image.name().empty()) each["name"] = image.name();
    if (image.label) each["label"] = *image.label;
    each["height"] = image.extent.height;
    each["width"] = image.extent.width;
    if (!settings.joint) each["clusterings"] = json_of(found);
    images.push_back(each);
  }
  json["images"] = images;
  return json_text(json, 1) + "\n";
}

std::string figures_html(const std::vector<KMeansFigures>& figures) {
  const auto any = [&](std::optional<double> KMeansFigures::*index) {
    return std::any_of(figures.begin(), figures.end(),
                       [&](const KMeansFigures& each) { return (each.*index).has_value(); });
  };
  const bool masks = any(&KMeansFigures::rand_index_masks), labels = any(&KMeansFigures::rand_index_labels);
  std::string html = fmt::format(
      "<table class=\"figures\"><tr><th>features</th><th>grid</th><th>k</th><th>inertia per location</th>"
      "<th>variance explained</th>{}{}</tr>\n",
      masks ? "<th>ARI with the masks</th>" : "", labels ? "<th>ARI with the labels</th>" : "");
  const auto index = [](const std::optional<double>& value) {
    return value ? fmt::format("<td>{:.3f}</td>", *value) : std::string();
  };
  for (const KMeansFigures& each : figures) {
    html += fmt::format("<tr><td>{}</td><td>{} x {} x {}</td><td>{}</td><td>{:.4g}</td><td>{:.3f}</td>{}{}</tr>\n",
                        escaped(each.tap), each.grid.height, each.grid.width, each.channels, each.clusters,
                        each.inertia, each.explained, index(each.rand_index_masks), index(each.rand_index_labels));
  }
  return html + "</table>\n";
}

std::string result_line(const KMeansResults& results) {
  return json_text(Json{
      {"out", results.directory.string()}, {"images", results.images}, {"figures", figures_json(results.figures)}});
}

}  // namespace apps
