#include "apps/kmeans/cluster_images.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <utility>

#include "apps/input/run_data.h"
#include "apps/kmeans/album.h"
#include "apps/kmeans/image_reader.h"
#include "apps/kmeans/local_features.h"
#include "apps/kmeans/rand_index.h"
#include "apps/kmeans/results.h"
#include "apps/kmeans/staged_directory.h"
#include "apps/run/exit_code.h"
#include "apps/run/progress.h"
#include "apps/run/signals.h"
#include "apps/train/make_context.h"
#include "apps/train/plans.h"
#include "engine/io/files.h"
#include "engine/io/npy.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

using engine::concat;
using engine::Tensor;

constexpr char kResults[] = "kmeans.json";

void stop_if_asked() {
  if (stop_signal() == 0) return;
  throw Interrupted(
      concat("stopped by ", signal_name(stop_signal()), "; nothing was stored, and the same command begins it anew"));
}

/// A number of clusters of one activation, and what is kept of it over all images.
struct Column {
  KMeansFigures figures;
  std::vector<std::int32_t> labels = {};  // [images,rows,columns]
};

/// Everything that is kept of an activation for all images together.
struct Kept {
  std::vector<float> values = {};  // [images,rows,columns,channels]
};

class Clusterer {
 public:
  Clusterer(const KMeansSettings& settings, const engine::Context& context, const data::Source& source,
            std::int64_t images)
      : settings_(settings),
        source_(source),
        count_(images),
        features_(open_local_features(context, settings, source)),
        context_(context) {
    if (!settings.masks.empty()) masks_.emplace(settings.masks, source);
    for (const std::string& tap : features_->names()) {
      for (const int clusters : settings.clusters.values)
        columns_.push_back({.figures = {.tap = tap, .clusters = clusters}});
    }
    kept_.resize(features_->names().size());
  }

  KMeansResults run() {
    StagedDirectory staged(result_directory(settings_), kResults);
    text_ = {.features = features_->describe(), .data = source_.describe(), .images = {}};
    Album album({.directory = staged.path(),
                 .images = count_,
                 .pictures_per_image = static_cast<std::int64_t>(columns_.size()),
                 .upsampling = settings_.upsample,
                 .heading = text_.features + "; " + text_.data});
    read_images(album);
    if (settings_.joint) cluster_jointly(album);
    for (Column& column : columns_) finish(column.figures);
    KMeansResults results{.directory = result_directory(settings_), .images = count_, .figures = {}};
    for (const Column& column : columns_) results.figures.push_back(column.figures);
    album.finish(figures_html(results.figures));
    store_labels(staged.path() / "labels");
    engine::atomic_write_file(staged.path() / kResults, results_json(settings_, results, text_));
    if (!settings_.save_features.empty()) store_features(settings_.save_features);
    stop_if_asked();
    staged.commit();
    return results;
  }

 private:
  void read_images(Album& album) {
    ImageReader reader(context_, source_,
                       {.first = settings_.first,
                        .count = count_,
                        .augment = settings_.config.data.augment,
                        .workers = settings_.config.data.loader.workers,
                        .whole_files = masks_.has_value()});
    Progress progress({.label = "kmeans", .unit = "images", .total = count_});
    for (std::int64_t done = 0; done < count_; ++done) {
      const ImageReader::Image image = reader.next();
      const std::vector<LocalFeatures> features = (*features_)(image.view);
      keep(features, image);
      if (!settings_.joint) {
        cluster_alone(features, image, album);
        text_.images.back().image.rgb = {};  // they are in the album
      }
      progress.update(done + 1);
      stop_if_asked();
    }
  }

  void keep(const std::vector<LocalFeatures>& features, const ImageReader::Image& image) {
    text_.images.push_back({.image = image.shown});
    if (masks_) {
      for (const LocalFeatures& each : features)
        regions_.push_back(masks_->at(image.shown.example, image.seen, each.grid));
    }
    for (std::size_t tap = 0; tap < features.size(); ++tap) {
      const auto& [grid, values] = features[tap];
      for (std::size_t k = 0; k < per_tap(); ++k) {
        KMeansFigures& figures = columns_[tap * per_tap() + k].figures;
        figures.grid = grid;
        figures.channels = features[tap].channels();
        check_enough(figures, image.shown.extent);
      }
      if (!settings_.joint && settings_.save_features.empty()) continue;
      const std::vector<float> host = values.to_host<float>();
      kept_[tap].values.insert(kept_[tap].values.end(), host.begin(), host.end());
    }
  }

  void check_enough(const KMeansFigures& figures, const data::Extent& image) const {
    const std::int64_t locations = figures.grid.pixels() * (settings_.joint ? count_ : 1);
    if (figures.clusters <= locations) return;
    throw engine::DataError(concat(
        figures.tap, " has ", figures.grid.height, " x ", figures.grid.width, " locations of an image of ",
        image.height, " x ", image.width, ", too few for ", figures.clusters, " clusters; give a larger --image-size, ",
        settings_.raw == RawFeatures::none ? "an earlier --tap" : "a smaller --patch", " or a smaller --k"));
  }

  /// The clusters of some rows for every number of them.
  std::vector<FoundClusters> clusters_of(const std::string& tap, const Tensor& rows, std::uint64_t stream,
                                         const std::string& whose) const {
    const KMeans cluster(rows);
    if (!std::isfinite(cluster.total())) {
      throw NonFiniteError(concat("the features of ", tap, " of ", whose,
                                  " are not finite: the network diverged, or the images are not what it was trained "
                                  "on; nothing was stored"));
    }
    std::vector<FoundClusters> all;
    for (const int clusters : settings_.clusters.values) {
      FoundClusters found{.tap = tap,
                          .clustering = cluster({.clusters = clusters,
                                                 .restarts = static_cast<int>(settings_.restarts),
                                                 .iterations = static_cast<int>(settings_.iterations),
                                                 .tolerance = settings_.tolerance,
                                                 .seed = static_cast<std::uint64_t>(settings_.seed),
                                                 .stream = stream,
                                                 .between_iterations = stop_if_asked})};
      found.explained = cluster.total() > 0 ? 1 - found.clustering.inertia / cluster.total() : 0;
      all.push_back(std::move(found));
    }
    return all;
  }

  void cluster_alone(const std::vector<LocalFeatures>& features, const ImageReader::Image& image, Album& album) {
    std::vector<FoundClusters>& all = text_.images.back().found;
    std::vector<ClusteredImage> painted;
    for (std::size_t tap = 0; tap < features.size(); ++tap) {
      for (FoundClusters& found :
           clusters_of(features_->names()[tap], features[tap].values, static_cast<std::uint64_t>(image.shown.example),
                       concat("image ", image.shown.example))) {
        Column& column = columns_[all.size()];
        const std::vector<std::int32_t>& labels = found.clustering.labels;
        if (masks_) found.rand_index_masks = agreement(labels, regions_of(text_.images.size() - 1, tap));
        column.figures.inertia += found.clustering.inertia / static_cast<double>(labels.size());
        column.figures.explained += found.explained;
        if (masks_)
          column.figures.rand_index_masks = column.figures.rand_index_masks.value_or(0) + *found.rand_index_masks;
        column.labels.insert(column.labels.end(), labels.begin(), labels.end());
        painted.push_back({.tap = found.tap,
                           .clusters = column.figures.clusters,
                           .grid = column.figures.grid,
                           .labels = labels,
                           .rand_index_masks = found.rand_index_masks});
        all.push_back(std::move(found));
      }
    }
    album.add(image.shown, painted);
  }

  void cluster_jointly(Album& album) {
    Progress progress(
        {.label = "kmeans of all images", .unit = "activations", .total = static_cast<std::int64_t>(kept_.size())});
    for (std::size_t tap = 0; tap < kept_.size(); ++tap) {
      const KMeansFigures& first = columns_[tap * per_tap()].figures;
      const Tensor rows = Tensor::from(context_, {count_ * first.grid.pixels(), first.channels}, kept_[tap].values);
      for (FoundClusters& found : clusters_of(first.tap, rows, 0, "the images")) {
        Column& column = columns_[text_.joint.size()];
        column.labels = found.clustering.labels;
        column.figures.inertia = found.clustering.inertia / static_cast<double>(rows.shape()[0]);
        column.figures.explained = found.explained;
        if (masks_) found.rand_index_masks = agreement(column.labels, all_regions(tap));
        if (text_.images[0].image.label) found.rand_index_labels = agreement(column.labels, labels_of_locations(first));
        column.figures.rand_index_masks = found.rand_index_masks;
        column.figures.rand_index_labels = found.rand_index_labels;
        text_.joint.push_back(std::move(found));
      }
      progress.update(static_cast<std::int64_t>(tap) + 1);
    }
    for (std::size_t i = 0; i < text_.images.size(); ++i) {
      std::vector<ClusteredImage> painted;
      for (const Column& column : columns_) {
        const auto begin = column.labels.begin() + static_cast<std::int64_t>(i) * column.figures.grid.pixels();
        painted.push_back({.tap = column.figures.tap,
                           .clusters = column.figures.clusters,
                           .grid = column.figures.grid,
                           .labels = {begin, begin + column.figures.grid.pixels()}});
      }
      album.add(text_.images[i].image, painted);
      stop_if_asked();
    }
  }

  static double agreement(const std::vector<std::int32_t>& clusters, const std::vector<std::int64_t>& regions) {
    return adjusted_rand_index(Partition::of({clusters.begin(), clusters.end()}), Partition::of(regions));
  }
  const std::vector<std::int64_t>& regions_of(std::size_t image, std::size_t tap) const {
    return regions_[image * kept_.size() + tap];
  }
  std::vector<std::int64_t> all_regions(std::size_t tap) const {
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < text_.images.size(); ++i)
      all.insert(all.end(), regions_of(i, tap).begin(), regions_of(i, tap).end());
    return all;
  }
  std::vector<std::int64_t> labels_of_locations(const KMeansFigures& figures) const {
    std::vector<std::int64_t> all;
    for (const ImageResult& each : text_.images)
      all.insert(all.end(), static_cast<std::size_t>(figures.grid.pixels()), each.image.label.value_or(0));
    return all;
  }

  /// Sums over images become means.
  void finish(KMeansFigures& figures) const {
    if (settings_.joint) return;
    const auto images = static_cast<double>(count_);
    figures.inertia /= images;
    figures.explained /= images;
    if (figures.rand_index_masks) figures.rand_index_masks = *figures.rand_index_masks / images;
  }

  void store_labels(const fs::path& directory) const {
    engine::create_directory(directory);
    for (const auto& [figures, labels] : columns_) {
      const std::string name = concat(figures.tap, "-k", figures.clusters, ".npy");
      engine::save_npy(directory / name, {.type = engine::StoredType::i32,
                                          .shape = {count_, figures.grid.height, figures.grid.width},
                                          .bytes = std::as_bytes(std::span(labels))});
    }
    engine::sync_directory(directory);
  }

  void store_features(const fs::path& directory) const {
    engine::create_directories(directory);
    for (std::size_t tap = 0; tap < kept_.size(); ++tap) {
      const KMeansFigures& figures = columns_[tap * per_tap()].figures;
      engine::save_npy(directory / (figures.tap + ".npy"),
                       {.type = engine::StoredType::f32,
                        .shape = {count_, figures.grid.height, figures.grid.width, figures.channels},
                        .bytes = std::as_bytes(std::span(kept_[tap].values))});
    }
  }

  std::size_t per_tap() const { return settings_.clusters.values.size(); }

  const KMeansSettings& settings_;
  const data::Source& source_;
  std::int64_t count_;
  std::unique_ptr<LocalFeatureSource> features_;
  const engine::Context& context_;
  std::optional<Masks> masks_;
  std::vector<Column> columns_;                     // of each tap, of each number of clusters
  std::vector<Kept> kept_;                          // of each tap
  std::vector<std::vector<std::int64_t>> regions_;  // of each image, of each tap
  ResultText text_;
};

}  // namespace

KMeansResults cluster_images(const KMeansSettings& settings) {
  Compute compute = settings.config.run.compute;
  compute.precision = Precision::fp32;
  compute.repeatable = true;
  const engine::Context context = make_context(compute);
  warn_of_threads(context, compute.threads, "kmeans");
  if (!settings.run.empty()) take_up_plans(context, settings.run);
  const std::shared_ptr<data::BadFiles> skipped = notes_of_skipped(settings.config.data);
  const auto source = open_data(settings.config.data, settings.role, settings.config.train.seed, skipped);
  if (settings.first >= source->size()) {
    throw engine::DataError(concat("--first ", settings.first, " leaves no images: ", source->describe(), " has ",
                                   source->size(), ", counted from 0"));
  }
  const std::int64_t images = std::min(settings.images, source->size() - settings.first);
  const KMeansResults results = Clusterer(settings, context, *source, images).run();
  if (const std::string text = text_of_skipped(skipped.get()); !text.empty()) std::cerr << text << '\n';
  return results;
}

}  // namespace apps
