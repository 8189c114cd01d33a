#include "apps/kmeans/settings.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "apps/config/key_flag.h"
#include "apps/run/run_config.h"
#include "apps/run/settings_flags.h"
#include "apps/settings/limits.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

using KMeansField = Field<KMeansSettings>;

constexpr double kMostImages = 1e9, kMostRestarts = 1000, kMostIterations = 100'000;

std::vector<KMeansField> feature_flags() {
  return {
      {.key = "--weights",
       .value = MEMBER(weights),
       .flag = "--weights",
       .help = "the encoder in a safetensors file instead of a run: torchvision's, timm's or an export",
       .group = "Features",
       .placeholder = "FILE"},
      key_flag<KMeansSettings>(
          "model.arch",
          {.flag = "--arch", .group = "Features", .help = "the encoder in that file", .fallback = "the file's"}),
      key_flag<KMeansSettings>("model.normalize", {.flag = "--normalize",
                                                   .group = "Features",
                                                   .help = "images are (x - mean) / std before that encoder",
                                                   .fallback = "the file's, or imagenet"}),
      {.key = "--raw",
       .value = MEMBER(raw),
       .flag = "--raw",
       .help = "no network: the pixels of square patches, one after another, or their mean colour",
       .group = "Features"},
      {.key = "--patch",
       .value = MEMBER(patch),
       .flag = "--patch",
       .help = "with --raw: pixels a side of a patch; 32 gives the grid of a ResNet's group4",
       .range = between(1, kernels::kMostPixels),
       .group = "Features"},
      {.key = "--tap",
       .value = MEMBER(taps),
       .flag = "--tap",
       .help = "activations of the encoder, such as group2,group3,group4 (ResNet) or conv1,conv2,conv3 (convn)",
       .group = "Features",
       .fallback = "the last: group4, conv3"},
  };
}

std::vector<KMeansField> clustering_flags() {
  return {
      {.key = "--k",
       .value = MEMBER(clusters),
       .flag = "--k",
       .help = "numbers of clusters",
       .group = "Clusters",
       .placeholder = "K,K,..."},
      {.key = "--joint",
       .value = MEMBER(joint),
       .flag = "--joint",
       .help = "cluster the locations of all images together, so that a colour means the same in all of them;\n"
               "otherwise each image's alone",
       .group = "Clusters",
       .bare = true},
      {.key = "--restarts",
       .value = MEMBER(restarts),
       .flag = "--restarts",
       .help = "of k-means, of which the best is kept",
       .range = between(1, kMostRestarts),
       .group = "Clusters"},
      {.key = "--iterations",
       .value = MEMBER(iterations),
       .flag = "--iterations",
       .help = "of each restart, at most",
       .range = between(1, kMostIterations),
       .group = "Clusters"},
      {.key = "--tolerance",
       .value = MEMBER(tolerance),
       .flag = "--tolerance",
       .help = "a restart ends when an iteration lowers its inertia by less than this share",
       .range = between(0, 1),
       .group = "Clusters"},
      {.key = "--seed",
       .value = MEMBER(seed),
       .flag = "--seed",
       .help = "of the first centres",
       .range = at_least(0),
       .group = "Clusters"},
      {.key = "--masks",
       .value = MEMBER(masks),
       .flag = "--masks",
       .help = "what belongs together in each image, to compare the clusters with: a directory with a PNG file for\n"
               "each image file, or an array [images,H,W] of whole numbers",
       .group = "Clusters",
       .placeholder = "DIR|FILE.npy"},
  };
}

std::vector<KMeansField> data_flags() {
  return {
      key_flag<KMeansSettings>("data.source", {.flag = "--data",
                                               .group = "Data",
                                               .help = "read the images from here",
                                               .placeholder = "SOURCE",
                                               .fallback = "the run's"}),
      {.key = "--role",
       .value = MEMBER(role),
       .flag = "--role",
       .help = "whose images: those of a probe's test or training, or of pretraining",
       .group = "Data"},
      {.key = "--images",
       .value = MEMBER(images),
       .flag = "--images",
       .help = "how many; fewer if there are not so many",
       .range = between(1, kMostImages),
       .group = "Data"},
      {.key = "--first",
       .value = MEMBER(first),
       .flag = "--first",
       .help = "number of the first one, counted from 0",
       .range = between(0, kMostImages),
       .group = "Data"},
      key_flag<KMeansSettings>("augment.size",
                               {.flag = "--image-size",
                                .group = "Data",
                                .help = "pixels a side in which the network sees them: the middle square, resized;\n"
                                        "0: the images' own size, which must then be the same for all",
                                .fallback = "the run's"}),
      key_flag<KMeansSettings>("data.skip_bad", {.flag = "--skip-bad",
                                                 .group = "Data",
                                                 .help = "on: replace images that cannot be read, and count them",
                                                 .placeholder = "on|off",
                                                 .fallback = "the run's"}),
  };
}

std::vector<KMeansField> other_flags() {
  return {
      key_flag<KMeansSettings>(
          "run.device", {.flag = "--device", .group = "Run", .help = "where to compute", .fallback = "the run's"}),
      key_flag<KMeansSettings>(
          "run.threads",
          {.flag = "--threads", .group = "Run", .help = "CPU threads, 0 for all", .fallback = "the run's"}),
      {.key = "--upsample",
       .value = MEMBER(upsample),
       .flag = "--upsample",
       .help = "of the grid's colours: each cell in its own, or passing into each other",
       .group = "Output"},
      {.key = "--out",
       .value = MEMBER(out),
       .flag = "--out",
       .help = "directory of the results, which replace earlier ones of kmeans",
       .group = "Output",
       .placeholder = "DIR",
       .fallback = "RUN_DIR/kmeans, FILE-kmeans"},
      {.key = "--save-features",
       .value = MEMBER(save_features),
       .flag = "--save-features",
       .help = "also write the local features as DIR/TAP.npy, f32 [images,rows,columns,channels]",
       .group = "Output",
       .placeholder = "DIR"},
  };
}

/// Whether the command line has a flag.
using Gives = std::function<bool(std::string_view flag)>;

/// Throws if the flags contradict each other.
void check(const KMeansSettings& settings, const Gives& gives) {
  const bool raw = settings.raw != RawFeatures::none;
  if (raw && !settings.run.empty())
    throw UsageError("--raw clusters pixels, and RUN_DIR is of a network; give one of them");
  if (raw && gives("--weights"))
    throw UsageError("--raw clusters pixels, and --weights is of a network; give one of them");
  if (gives("--weights") && !settings.run.empty())
    throw UsageError("--weights is of a file, and RUN_DIR of a run; give one of them");
  if (!raw && !gives("--weights") && settings.run.empty())
    throw UsageError(
        "give the directory of a pretraining run, a file of weights, or --raw: kmeans RUN_DIR, kmeans --weights FILE "
        "--data SOURCE or kmeans --raw patches --data SOURCE --out DIR");
  if (settings.run.empty() && !gives("--data"))
    throw UsageError(engine::concat(raw ? "--raw" : "--weights", " needs --data SOURCE: only a run knows its images"));
  for (const std::string_view flag : {"--arch", "--normalize"}) {
    if (gives(flag) && !gives("--weights"))
      throw UsageError(engine::concat(flag, " is for --weights FILE; the network of a run is known"));
  }
  if (raw && gives("--tap")) throw UsageError("--tap is of a network, and --raw has none; give one of them");
  if (!raw && gives("--patch")) throw UsageError("--patch is for --raw; the grid of a network is that of its --tap");
}

}  // namespace

std::optional<ClusterCounts> ClusterCounts::parse(std::string_view text) {
  const auto numbers = read_numbers(text, between(1, kMost));
  if (!numbers) return std::nullopt;
  ClusterCounts counts{.values = {}};
  for (const double number : *numbers) {
    const auto count = static_cast<int>(number);
    const bool seen = std::find(counts.values.begin(), counts.values.end(), count) != counts.values.end();
    if (count != number || seen) return std::nullopt;
    counts.values.push_back(count);
  }
  return counts;
}

std::string ClusterCounts::text() const {
  std::string text;
  for (const int count : values) text += engine::concat(text.empty() ? "" : ",", count);
  return text;
}

KMeansSettings settings_of_run(const fs::path& run) {
  KMeansSettings settings;
  settings.run = run;
  settings.config = config_of_run(run);
  return settings;
}

const Table<KMeansSettings>& kmeans_table() {
  static const Table<KMeansSettings> table = {feature_flags(), clustering_flags(), data_flags(), other_flags()};
  return table;
}

bool parse(int argc, const char* const* argv, KMeansSettings& settings) {
  Flags flags("kmeans",
              "Shows what the parts of an image have in common for a network: clusters the features at each place of\n"
              "an activation, and paints the clusters over the image (Figures 3 and 4 of Chen, Luo & Li 2021).");
  flags.add_positional({.name = "RUN_DIR", .help = "directory of a pretraining run"}, settings.run);
  std::vector<std::pair<const KMeansField*, std::string>> given;
  add_flags<KMeansSettings>(flags, kmeans_table(), [&](const KMeansField& field, const std::string& text) {
    KMeansSettings scratch;  // checks the flags before any file is read
    field.set(scratch, text, field.flag);
    given.emplace_back(&field, text);
  });
  if (!flags.parse(argc, argv)) return false;
  const Gives gives = [&](std::string_view flag) {
    return std::any_of(given.begin(), given.end(), [&](const auto& each) { return each.first->flag == flag; });
  };
  if (!settings.run.empty()) settings = settings_of_run(settings.run);
  for (const auto& [field, text] : given) field->set(settings, text, field->flag);
  check(settings, gives);
  const models::EncoderOptions& encoder = settings.config.model.encoder;
  settings.pretrained.file = settings.weights;
  if (gives("--arch")) settings.pretrained.arch = encoder.arch;
  if (gives("--normalize")) settings.pretrained.normalization = encoder.input.normalization;
  static_cast<void>(result_directory(settings));  // throws now rather than after the work
  return true;
}

fs::path result_directory(const KMeansSettings& settings) {
  if (!settings.out.empty()) return settings.out;
  if (!settings.run.empty()) return fs::path(settings.run) / "kmeans";
  if (settings.weights.empty()) throw UsageError("--raw needs --out DIR for its results");
  fs::path results = fs::path(settings.weights).replace_extension();
  results += "-kmeans";
  return results;
}

}  // namespace apps
