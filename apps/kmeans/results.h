#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "apps/kmeans/cluster_images.h"
#include "apps/kmeans/k_means.h"
#include "apps/kmeans/shown_image.h"

namespace apps {

/// One clustering, of an image or of all of them, and how much it explains.
struct FoundClusters {
  std::string tap;
  Clustering clustering;
  double explained = 0;
  std::optional<double> rand_index_masks = {}, rand_index_labels = {};
};

/// What an image gave.
struct ImageResult {
  ShownImage image;                       ///< its pixels may be gone
  std::vector<FoundClusters> found = {};  ///< none if the images were clustered jointly
};

struct ResultText {
  std::string features;  ///< where they come from
  std::string data;
  std::vector<ImageResult> images;
  std::vector<FoundClusters> joint = {};
};

/// The file's contents.
std::string results_json(const KMeansSettings& settings, const KMeansResults& results, const ResultText& text);

/// The figures as a table of the page.
std::string figures_html(const std::vector<KMeansFigures>& figures);

}  // namespace apps
