#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/kmeans/settings.h"

namespace apps {

/// What came out for one activation and number of clusters, over all images.
struct KMeansFigures {
  std::string tap;
  int clusters = 0;
  data::Extent grid = {};
  std::int64_t channels = 0;
  double inertia = 0;    ///< per location; mean over images
  double explained = 0;  ///< the share of the variance that is between clusters; mean over images
  /// Adjusted Rand index of the clusters and the masks: mean over images, or of all locations clustered jointly.
  std::optional<double> rand_index_masks = {};
  /// Of locations clustered jointly and the labels of their images.
  std::optional<double> rand_index_labels = {};
};

struct KMeansResults {
  std::filesystem::path directory;  ///< where the files are
  std::int64_t images = 0;
  std::vector<KMeansFigures> figures;
};

/// Clusters the local features of images and stores in the settings' result directory, complete or not at all:
///
///     kmeans.json          settings, and every clustering with its inertia, sizes and Rand indices
///     labels/TAP-kK.npy    the clusters, i32 [images,rows,columns]
///     images/, sheet.png, index.html    see Album
///
/// The same settings, build, processor type and number of threads give the same bytes. Throws Interrupted if a signal
/// asks to stop; nothing is stored then. Begin with settings_of_run, or with a file of weights and the source of the
/// images.
KMeansResults cluster_images(const KMeansSettings& settings);

/// The results as one line of JSON.
std::string result_line(const KMeansResults& results);

}  // namespace apps
