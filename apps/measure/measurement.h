#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/evaluation/geometry.h"
#include "apps/evaluation/ranks.h"
#include "apps/measure/embeddings.h"
#include "apps/measure/priors.h"
#include "apps/measure/settings.h"
#include "engine/tensor.h"

namespace apps {

/// A loss of all embeddings as one batch.
struct MeasuredLoss {
  std::string name;
  struct Parameter {
    std::string key, text;  ///< "temperature", "0.1"
    bool is_main = false;   ///< has a flag of its own in `pretrain`, or is not at its default
  };
  std::vector<Parameter> parameters;  ///< those that this loss has
  double loss = 0, alignment = 0, distribution = 0;
  std::optional<double> accuracy = {};
  double gradient_norm = 0;          ///< |dL/dz|, z all embeddings
  std::vector<float> gradient = {};  ///< dL/dz, if it is wanted
};

/// What is said of a set of labels.
struct MeasuredLabels {
  std::string name;
  std::int32_t values = 0;      ///< different ones
  double most_frequent = 0;     ///< share of the most frequent value: what guessing gets right
  double knn = 0;               ///< accuracy of nearest neighbours among other images
  std::optional<double> lidar;  ///< with the values as classes
  ValueCosines cosines = {};
};

/// Everything that `measure` tells. What embeddings cannot have is absent.
struct Measurement {
  std::vector<MeasuredLoss> losses = {};
  std::optional<double> alignment, uniformity;
  ImageCosines cosines = {};
  double feature_std = 0;       ///< of the embeddings as they are
  double unit_feature_std = 0;  ///< of unit rows, times sqrt(d)
  std::optional<EffectiveRanks> ranks;
  std::optional<double> lidar;  ///< with the images as classes
  std::vector<MeasuredPrior> priors = {};
  std::vector<MeasuredLabels> labels = {};
};

/// Ranks are computed up to this number of dimensions; beyond, their eigenvalues take hours.
inline constexpr std::int64_t kMostRankDimensions = 8192;

/// Long work says on stderr how far it is.
Measurement measure(const engine::Context& context, const Embeddings& embeddings, const MeasureSettings& settings);

}  // namespace apps
