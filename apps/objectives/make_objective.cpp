#include "apps/objectives/make_objective.h"

#include <algorithm>

#include "apps/config/training_plan.h"
#include "apps/input/augmentation_rules.h"
#include "apps/input/label_set.h"
#include "apps/objectives/byol.h"
#include "apps/objectives/contrastive.h"
#include "apps/objectives/groups.h"
#include "apps/objectives/momentum_encoder.h"
#include "apps/objectives/queue.h"
#include "apps/objectives/supervised.h"
#include "apps/objectives/vae.h"
#include "engine/scope.h"

namespace apps {
namespace {

using engine::ParameterSet;
using engine::Scope;

/// The loss' options with what follows from the data.
losses::Options loss_of(const Config& config, const data::Source& source) {
  losses::Options loss = config.loss;
  loss.steps_per_epoch = data::steps_per_epoch(source.size(), config.train.batch_size, config.train.last_batch());
  return loss;
}

kernels::MomentumSchedule momentum_of(const Config& config, const data::Source& source) {
  const TrainingPlan plan = plan_training(config.train, config.optim, source.size());
  return {.start = static_cast<float>(config.momentum_encoder.momentum),
          .kind = config.momentum_encoder.schedule,
          .steps = plan.schedule.steps};
}

std::unique_ptr<Objective> make_contrastive(ParameterSet& parameters, const Config& config,
                                            const data::Source& source) {
  return std::make_unique<ContrastiveObjective>(
      make_network(parameters, config, source),
      ContrastiveObjective::Options{.loss = loss_of(config, source),
                                    .batch_norm_per_view = config.objective.batch_norm_per_view,
                                    .augmentation = training_rules(config.data.augment, source),
                                    .seed = config.train.seed,
                                    .activations = activation_dtype(config.run.compute.precision)});
}

std::unique_ptr<Objective> make_queue(ParameterSet& parameters, const Config& of_run, const data::Source& source) {
  Config config = of_run;
  if (config.queue.batch_norm_groups > 1) {  // a group with statistics of its own lies within a rank
    for (engine::BatchNormOptions* batch_norm :
         {&config.model.encoder.convn.batch_norm, &config.model.encoder.resnet.batch_norm,
          &config.model.head.batch_norm})
      batch_norm->over_ranks = false;
  }
  Network network = make_network(parameters, config, source);
  const std::int64_t queues = config.queue.symmetric ? 2 : 1;
  engine::State keys =
      Scope(parameters, kQueue).add_state("keys", {queues, config.queue.size, config.model.head.out}, 0);
  return std::make_unique<QueueObjective>(
      std::move(network), MomentumEncoder(config, source, momentum_of(config, source)), std::move(keys),
      QueueObjective::Options{.queue = config.queue,
                              .loss = loss_of(config, source),
                              .augmentation = training_rules(config.data.augment, source),
                              .seed = config.train.seed,
                              .activations = activation_dtype(config.run.compute.precision)});
}

std::unique_ptr<Objective> make_byol(ParameterSet& parameters, const Config& config, const data::Source& source) {
  Network network = make_network(parameters, config, source);
  const models::ProjectionHead::Options& head = config.model.head;
  const std::int64_t of_head = head.hidden > 0 ? head.hidden : network.encoder->features();
  models::ProjectionHead predictor(Scope(parameters, kPredictor),
                                   {.in = head.out,
                                    .layers = 2,
                                    .hidden = config.byol.predictor_hidden > 0 ? config.byol.predictor_hidden : of_head,
                                    .out = head.out,
                                    .output_batch_norm = false,
                                    .glorot = begins_as_keras(config.model.encoder.arch),
                                    .batch_norm = head.batch_norm});
  return std::make_unique<ByolObjective>(
      std::move(network), std::move(predictor), MomentumEncoder(config, source, momentum_of(config, source)),
      ByolObjective::Options{.batch_norm_per_view = config.objective.batch_norm_per_view,
                             .augmentation = training_rules(config.data.augment, source),
                             .seed = config.train.seed,
                             .activations = activation_dtype(config.run.compute.precision)});
}

std::unique_ptr<Objective> make_supervised(ParameterSet& parameters, const Config& config, const data::Source& source) {
  Network network = make_network(parameters, config, source);
  const std::int64_t features = network.encoder->features();
  SupervisedOptions options = config.supervised;
  const data::LabelSet labels = label_set(source, options.labels, "supervised.labels");
  options.labels = labels.name;
  const std::int64_t classes = labels.classes;
  models::Linear classifier(Scope(parameters, kClassifier),
                            {.in = features,
                             .out = classes,
                             .kernel = classifier_kernel(config.model.encoder.arch, features, classes),
                             .bias = true});
  return std::make_unique<SupervisedObjective>(
      std::move(network), std::move(classifier),
      SupervisedObjective::Options{.supervised = options,
                                   .augmentation = training_rules(config.data.augment, source),
                                   .seed = config.train.seed,
                                   .activations = activation_dtype(config.run.compute.precision)});
}

std::unique_ptr<Objective> make_vae(ParameterSet& parameters, const Config& config, const data::Source& source) {
  Network network = make_network(parameters, config, source);
  const std::int64_t features = network.encoder->features(), latent = config.vae.latent;
  const auto to_latent = [&](const char* name) {
    return models::Linear(
        Scope(parameters, kLatent) / name,
        {.in = features, .out = latent, .kernel = engine::Initializer::glorot_uniform(features, latent), .bias = true});
  };
  models::Linear mean = to_latent("mean"), log_variance = to_latent("log_variance");
  const engine::Shape image = data::view_shape(source);
  models::Decoder decoder(Scope(parameters, kDecoder), {.kind = config.vae.decoder,
                                                        .latent = latent,
                                                        .hidden = config.vae.hidden,
                                                        .height = image[0],
                                                        .width = image[1],
                                                        .planes = image[2] + source.layout().bit_planes,
                                                        .batch_norm = config.model.encoder.convn.batch_norm});
  return std::make_unique<VaeObjective>(
      std::move(network), VaeObjective::Latent{.mean = std::move(mean), .log_variance = std::move(log_variance)},
      std::move(decoder),
      VaeObjective::Options{.beta = static_cast<float>(config.vae.beta),
                            .augmentation = training_rules(config.data.augment, source),
                            .evaluation = evaluation_rules(config.data.augment, source),
                            .seed = config.train.seed,
                            .activations = activation_dtype(config.run.compute.precision)});
}

}  // namespace

std::unique_ptr<Objective> make_objective(ParameterSet& parameters, const Config& config, const data::Source& source) {
  switch (config.objective.name) {
    case ObjectiveName::contrastive: return make_contrastive(parameters, config, source);
    case ObjectiveName::queue: return make_queue(parameters, config, source);
    case ObjectiveName::byol: return make_byol(parameters, config, source);
    case ObjectiveName::supervised: return make_supervised(parameters, config, source);
    case ObjectiveName::vae: return make_vae(parameters, config, source);
  }
  throw engine::Error("objective: there is none of this name");
}

}  // namespace apps
