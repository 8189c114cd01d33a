#include "apps/train/model.h"

#include <algorithm>

#include "apps/train/groups.h"
#include "apps/train/make_objective.h"
#include "apps/train/network.h"
#include "engine/scope.h"

namespace apps {
namespace {

using engine::Initializer;

int number_of(ProbeViews views) {
  switch (views) {
    case ProbeViews::both: return 2;
    case ProbeViews::first: return 1;
  }
  return 0;
}

/// The probes of a run: their taps and label sets.
std::vector<OnlineProbe::Options> probes_of(const Config::Contrastive& options) {
  return {{.name = kProbe,
           .tap = Representation::kFeatures,
           .label_set = "label",
           .views = number_of(options.probe_views)}};
}

OnlineProbe make_probe(engine::ParameterSet& parameters, const OnlineProbe::Options& options, std::int64_t features,
                       std::int64_t classes, bool glorot) {
  const engine::Scope scope(parameters, options.name);
  return {options,
          models::ProbeHead(scope, features, classes,
                            glorot ? Initializer::glorot_uniform(features, classes) : Initializer::normal(0.01))};
}

}  // namespace

std::vector<std::string> Model::taps() const {
  std::vector<std::string> names;
  for (const OnlineProbe& probe : probes) {
    const std::string& tap = probe.options().tap;
    if (std::find(names.begin(), names.end(), tap) == names.end()) names.push_back(tap);
  }
  return names;
}

Model make_model(const engine::Context& context, const Config& config, const data::Source& source) {
  Model model;
  model.objective = make_objective(model.parameters, config, source);
  const bool glorot = begins_as_keras(config.model.encoder.arch);
  for (const OnlineProbe::Options& options : probes_of(config.contrastive)) {
    model.probes.push_back(make_probe(
        model.parameters, options, model.objective->representation(options.tap).features(), source.classes(), glorot));
  }
  model.parameters.allocate(context, static_cast<std::uint64_t>(config.train.seed),
                            activation_dtype(config.run.compute.precision));
  return model;
}

}  // namespace apps
