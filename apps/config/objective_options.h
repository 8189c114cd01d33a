#pragma once
#include <cstdint>
#include <string>

#include "data/source.h"
#include "kernels/moving_average.h"
#include "kernels/runtime/names.h"
#include "models/decoder.h"

namespace apps {

/// What a run learns from:
/// contrastive: two views of an image attract each other (Chen, Luo & Li 2021), by any loss of losses/;
/// queue: MoCo (He et al. 2020), keys of a momentum encoder and negatives from a queue of earlier keys;
/// byol: BYOL (Grill et al. 2020) predicts a momentum encoder's projections, without negatives;
/// supervised: a classification of the images;
/// vae: a variational autoencoder (Kingma & Welling 2014) reconstructs them.
enum class ObjectiveName { contrastive, queue, byol, supervised, vae };

/// What a classifier's logits decide: which of the classes an image is, or for each class whether it has it.
enum class ClassLikelihood { softmax, sigmoid };

struct SupervisedOptions {
  std::string labels = data::kClassLabel;  ///< a label set of the source
  ClassLikelihood likelihood = ClassLikelihood::softmax;
  double label_smoothing = 0;  ///< this share of each target is spread over all classes
  bool operator==(const SupervisedOptions&) const = default;
};

/// The network whose parameters are a moving average of those that are trained.
struct MomentumEncoderOptions {
  double momentum = 0.99;  ///< average = momentum * average + (1 - momentum) * parameters
  kernels::MomentumSchedule::Kind schedule = kernels::MomentumSchedule::Kind::constant;
  bool operator==(const MomentumEncoderOptions&) const = default;
};

struct QueueOptions {
  std::int64_t size = 4096;  ///< keys; a multiple of the batch size
  bool symmetric = false;    ///< both views are queries, each against the other view's keys and a queue of its own
  std::int64_t batch_norm_groups = 1;
  bool shuffle = true;
  bool operator==(const QueueOptions&) const = default;
};

struct ByolOptions {
  std::int64_t predictor_hidden = 0;  ///< 0: as wide as the projection head's hidden layers
  bool operator==(const ByolOptions&) const = default;
};

struct VaeOptions {
  double beta = 1;           ///< weighs the divergence from the prior against the reconstruction
  std::int64_t latent = 64;  ///< latent variables
  models::DecoderKind decoder = models::DecoderKind::convolutional;
  std::int64_t hidden = 512;  ///< units of an MLP's layers
  bool operator==(const VaeOptions&) const = default;
};

/// Whether the objective has a projection head.
constexpr bool has_projector(ObjectiveName name) {
  switch (name) {
    case ObjectiveName::contrastive:
    case ObjectiveName::queue:
    case ObjectiveName::byol: return true;
    case ObjectiveName::supervised:
    case ObjectiveName::vae: return false;
  }
  return false;
}

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::ObjectiveName> = {"contrastive", "queue", "byol", "supervised", "vae"};
template <>
inline constexpr std::array engine::kNames<apps::ClassLikelihood> = {"softmax", "sigmoid"};
