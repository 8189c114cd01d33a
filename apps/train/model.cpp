#include "apps/train/model.h"

#include <algorithm>
#include <iterator>

#include "apps/input/label_set.h"
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

/// `first`, and those of `more` that are others.
std::vector<std::string> with_first(const std::string& first, const std::vector<std::string>& more) {
  std::vector<std::string> names{first};
  std::copy_if(more.begin(), more.end(), std::back_inserter(names), [&](const auto& name) { return name != first; });
  return names;
}

/// The probes of a run: every tap with every label set. The first is on the features, for the first label set; exports
/// and results mean it. None without labels.
std::vector<OnlineProbe::Options> probes_of(const Config::Objective& options, const data::Source& source) {
  const data::InputLayout& layout = source.layout();
  for (const std::string& name : options.probe_labels) label_set(source, name, "model.probe_labels");
  std::vector<OnlineProbe::Options> probes;
  if (layout.labels.empty()) return probes;
  const std::string& first_set = layout.labels[0].name;
  for (const std::string& tap : with_first(Representation::kFeatures, options.probe_taps)) {
    for (const std::string& set : with_first(first_set, options.probe_labels)) {
      probes.push_back({.name = online_probe_name(tap, set, first_set),
                        .tap = tap,
                        .label_set = set,
                        .views = number_of(options.probe_views)});
    }
  }
  if (probes.size() > kMostProbes) {
    throw UsageError(engine::concat("model.probe_taps and model.probe_labels ask for ", probes.size(),
                                    " probes, and a run has at most ", kMostProbes,
                                    ", one of them on the features for the first label set; name fewer"));
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
  for (const OnlineProbe::Options& options : probes_of(config.objective, source)) {
    model.probes.push_back(
        make_probe(model.parameters, options, model.objective->representation(options.tap).features(),
                   label_set(source, options.label_set, "model.probe_labels").classes, config.model.encoder.arch));
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
