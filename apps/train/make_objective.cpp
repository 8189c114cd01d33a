#include "apps/train/make_objective.h"

#include "apps/train/contrastive_objective.h"

namespace apps {
namespace {

std::unique_ptr<Objective> make_contrastive(engine::ParameterSet& parameters, const Config& config,
                                            const data::Source& source) {
  losses::Options loss = config.loss;
  loss.steps_per_epoch = source.size() / config.train.batch_size;
  const ContrastiveObjective::Options options{.loss = loss,
                                              .batch_norm_per_view = config.contrastive.batch_norm_per_view,
                                              .crops = config.data.crops,
                                              .seed = config.train.seed,
                                              .activations = activation_dtype(config.run.compute.precision)};
  return std::make_unique<ContrastiveObjective>(make_network(parameters, config.model, source), options);
}

}  // namespace

std::unique_ptr<Objective> make_objective(engine::ParameterSet& parameters, const Config& config,
                                          const data::Source& source) {
  return make_contrastive(parameters, config, source);
}

}  // namespace apps
