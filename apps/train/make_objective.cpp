#include "apps/train/make_objective.h"

#include "apps/input/crops.h"
#include "apps/run/precision.h"
#include "apps/train/contrastive_objective.h"

namespace apps {
namespace {

std::unique_ptr<Objective> make_contrastive(engine::ParameterSet& parameters, const Config& config,
                                            const data::Source& source) {
  const ContrastiveObjective::Options options{.loss = config.loss,
                                              .batch_norm_per_view = config.model.bn_per_view,
                                              .crops = crop_range(config),
                                              .seed = config.train.seed,
                                              .activations = activation_dtype(config)};
  return std::make_unique<ContrastiveObjective>(make_network(parameters, config, source), options);
}

}  // namespace

std::unique_ptr<Objective> make_objective(engine::ParameterSet& parameters, const Config& config,
                                          const data::Source& source) {
  return make_contrastive(parameters, config, source);
}

}  // namespace apps
