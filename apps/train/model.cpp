#include "apps/train/model.h"

#include <algorithm>

#include "apps/objectives/groups.h"
#include "apps/objectives/make_objective.h"
#include "apps/objectives/network.h"
#include "apps/settings/usage_error.h"
#include "apps/train/encoder_file.h"
#include "engine/scope.h"

namespace apps {
namespace {

int number_of(ProbeViews views) {
  switch (views) {
    case ProbeViews::both: return 2;
    case ProbeViews::first: return 1;
  }
  return 0;
}

/// Beside them, a record of a step has room for the scalars of an objective.
constexpr std::size_t kMostProbes = 16;

/// The probes of a run: their taps and label sets. The first is on the features; exports and results mean it.
std::vector<OnlineProbe::Options> probes_of(const Config::Objective& options) {
  const OnlineProbe::Options features{
      .name = kProbe, .tap = Representation::kFeatures, .label_set = "label", .views = number_of(options.probe_views)};
  std::vector<OnlineProbe::Options> probes{features};
  for (const std::string& tap : options.probe_taps) {
    if (tap == features.tap) continue;
    OnlineProbe::Options& probe = probes.emplace_back(features);
    probe.name = engine::concat(kProbe, '.', tap);
    probe.tap = tap;
  }
  if (probes.size() > kMostProbes) {
    throw UsageError(engine::concat("model.probe_taps names ", options.probe_taps.size(),
                                    " taps, and a run has at most ", kMostProbes,
                                    " probes, one of them on the features; name fewer"));
  }
  return probes;
}

OnlineProbe make_probe(engine::ParameterSet& parameters, const OnlineProbe::Options& options, std::int64_t features,
                       std::int64_t classes, models::Architecture arch) {
  const engine::Scope scope(parameters, options.name);
  return {options, models::ProbeHead(scope, features, classes, classifier_kernel(arch, features, classes))};
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

std::vector<const engine::ParameterSet*> Model::state() const {
  std::vector<const engine::ParameterSet*> sets{&parameters};
  for (const engine::ParameterSet* set : objective->state()) sets.push_back(set);
  return sets;
}

Model make_model(const engine::Context& context, const Config& config, const data::Source& source,
                 const std::filesystem::path& weights) {
  Model model;
  model.objective = make_objective(model.parameters, config, source);
  for (const OnlineProbe::Options& options : probes_of(config.objective)) {
    model.probes.push_back(make_probe(model.parameters, options,
                                      model.objective->representation(options.tap).features(), source.classes(),
                                      config.model.encoder.arch));
  }
  const auto seed = static_cast<std::uint64_t>(config.train.seed);
  model.parameters.allocate(context, seed, activation_dtype(config.run.compute.precision));
  if (!weights.empty()) {  // before momentum encoders become copies of the trained one
    const EncoderFile file(weights);
    file.load(model.parameters, config.model.encoder, source);
    model.initial_weights = file.description();
  }
  model.objective->initialize(model.parameters, seed);
  return model;
}

}  // namespace apps
