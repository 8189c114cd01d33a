#include "apps/measure/measurement.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "apps/evaluation/knn.h"
#include "apps/measure/losses.h"
#include "apps/run/progress.h"

namespace apps {
namespace {

using engine::Tensor;

/// Reports progress on stderr; does nothing where the work is short.
std::function<void(std::int64_t)> progress_of(std::string label, std::int64_t rows, bool long_work) {
  if (!long_work) return {};
  const auto progress =
      std::make_shared<Progress>(Progress::Job{.label = std::move(label), .unit = "rows", .total = rows});
  return [progress](std::int64_t done) { progress->update(done); };
}

bool has_pairs(const Partition& images) { return images.parts < images.rows(); }

double share_of_largest(const Partition& partition) {
  std::size_t largest = 0;
  for (const auto& part : partition.members()) largest = std::max(largest, part.size());
  return static_cast<double>(largest) / static_cast<double>(partition.rows());
}

std::vector<MeasuredLabels> measure_labels(const Tensor& z, const Embeddings& embeddings,
                                           const MeasureSettings& settings, bool ranks, bool long_work) {
  std::vector<Partition> values;
  for (const Embeddings::Labels& labels : embeddings.labels) values.push_back(labels.values);
  if (values.empty()) return {};
  const std::vector<double> knn =
      knn_accuracy_across_images(z, embeddings.images, values, {.k = settings.neighbours},
                                 progress_of("nearest neighbours", embeddings.rows.count(), long_work));
  const Rows centred = centred_unit_rows(embeddings.rows);
  std::vector<MeasuredLabels> measured;
  for (std::size_t i = 0; i < values.size(); ++i) {
    MeasuredLabels& labels = measured.emplace_back();
    labels.name = embeddings.labels[i].name;
    labels.values = values[i].parts;
    labels.most_frequent = share_of_largest(values[i]);
    labels.knn = knn[i];
    if (ranks && labels.values > 1) labels.lidar = lidar(z, values[i]);
    labels.cosines = value_cosines(centred, embeddings.images, values[i]);
  }
  return measured;
}

}  // namespace

Measurement measure(const engine::Context& context, const Embeddings& embeddings, const MeasureSettings& settings) {
  const Rows& rows = embeddings.rows;
  const std::int64_t size = rows.count(), dimensions = rows.columns;
  constexpr double kLongWork = 2e10;  // multiplications, about a second
  const bool long_work =
      static_cast<double>(size) * static_cast<double>(size) * static_cast<double>(dimensions) > kLongWork;
  const Tensor z = Tensor::from(context, {size, dimensions}, rows.values);
  if (embeddings.two_views) check_losses(settings, dimensions);
  Measurement measurement;
  if (embeddings.two_views) measurement.losses = measure_losses(z, settings, long_work);
  {
    const Rows unit = unit_rows(rows);
    measurement.alignment = alignment(unit, embeddings.images);
    measurement.cosines = image_cosines(unit, embeddings.images);
    measurement.unit_feature_std = mean_std(unit) * std::sqrt(static_cast<double>(dimensions));
    const Tensor on_device = Tensor::from(context, {size, dimensions}, unit.values);
    measurement.uniformity = uniformity(on_device, embeddings.images, progress_of("uniformity", size, long_work));
    measurement.priors = measure_priors(z, on_device, settings.config.loss.prior_scale,
                                        static_cast<std::uint64_t>(settings.config.train.seed));
  }
  measurement.feature_std = mean_std(rows);
  if (std::min(size, dimensions) <= kMostRankDimensions) measurement.ranks = effective_ranks(z);
  const bool ranks = dimensions <= kMostRankDimensions;
  if (ranks && has_pairs(embeddings.images)) measurement.lidar = lidar(z, embeddings.images);
  measurement.labels = measure_labels(z, embeddings, settings, ranks, long_work);
  return measurement;
}

}  // namespace apps
