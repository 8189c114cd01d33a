#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/fields.h"
#include "apps/kmeans/rendering.h"
#include "apps/train/pretrained_encoder.h"
#include "data/source.h"

namespace apps {

/// Local features without a network. patches: the pixels of a patch, one after another; mean-rgb: their mean colour.
enum class RawFeatures { none, patches, mean_rgb };

/// Numbers of clusters, as in "2,4,6,8".
struct ClusterCounts {
  std::vector<int> values = {2, 4, 6, 8};

  static constexpr int kMost = 256;
  static constexpr std::array<std::string_view, 1> kChoices = {"different numbers of 1 to 256 with commas between"};
  static std::optional<ClusterCounts> parse(std::string_view text);
  std::string text() const;
};

/// What `kmeans` clusters, and how.
struct KMeansSettings {
  std::string run = {};      ///< directory of a run; empty: a file, or raw pixels
  std::string weights = {};  ///< that file; --arch and --normalize are in `pretrained`
  PretrainedOptions pretrained = {};
  RawFeatures raw = RawFeatures::none;
  std::int64_t patch = 32;             ///< pixels a side of raw patches
  std::vector<std::string> taps = {};  ///< of the encoder; empty: its last one
  ClusterCounts clusters = {};
  bool joint = false;  ///< the locations of all images together; otherwise those of each image
  std::int64_t restarts = 10, iterations = 100;
  double tolerance = 1e-6;
  std::int64_t seed = 1;
  data::Role role = data::Role::probe_test;
  std::int64_t first = 0, images = 16;
  std::string masks = {};  ///< a directory of PNG files or a .npy file; empty: none
  Upsampling upsample = Upsampling::nearest;
  std::string out = {};            ///< --out; empty: see result_directory
  std::string save_features = {};  ///< a directory; empty: features are not kept
  Config config = {};              ///< the run's, changed by the flags: its data, device and threads
};

/// The settings for a run: its directory and its configuration. Throws UsageError if it is none.
KMeansSettings settings_of_run(const std::filesystem::path& run);

/// The flags of `kmeans`; some set keys of a run's configuration.
const Table<KMeansSettings>& kmeans_table();

/// Reads the command line and the configuration of the run that it names, if it names one. Returns false if a text was
/// printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, const char* const* argv, KMeansSettings& settings);

/// --out, or RUN_DIR/kmeans, or FILE-kmeans for FILE.safetensors. Throws UsageError for raw pixels without --out.
std::filesystem::path result_directory(const KMeansSettings& settings);

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::RawFeatures> = {"none", "patches", "mean-rgb"};
