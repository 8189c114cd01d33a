#include "apps/suppress/kept_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/input/run_data.h"
#include "apps/run/checkpoint.h"
#include "apps/suppress/feature_reader.h"
#include "apps/train/make_context.h"
#include "apps/train/model.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

/// Images on which the feature can be read: where it is drawn for every view or visit, it belongs to the image here.
FeatureReader::Options shown_to(const TableRun& run, std::int64_t probe_images) {
  const PlantedIn& planted = run.planted;
  if (planted.showing == Showing::nothing) return {.images = run.config.data.source, .most = probe_images};
  const bool by_key = run.config.data.bits > 0;  // they are added to the images in any case
  return {.images = by_key ? run.config.data.source : planted.plant->source(planted.images, Showing::shared),
          .planted = planted.plant->label_set(),
          .most = probe_images};
}

KeptWeights::Looks seen_in_training(const fs::path& file) {
  KeptWeights::Looks looks{.observations = ObservationFile::read(file)};
  if (!looks.observations.empty()) looks.from = "what suppress saw during the training";
  return looks;
}

}  // namespace

DataFingerprint KeptWeights::fingerprint(const Config& config) {
  const auto [entry, is_new] = fingerprints_.try_emplace(config.data.source);
  if (is_new) {
    entry->second = fingerprint_of(*open_data(config.data, data::Role::pretrain, config.train.seed),
                                   *open_data(config.data, data::Role::probe_test, config.train.seed));
  }
  return entry->second;
}

std::optional<KeptWeights::Looks> KeptWeights::look(const TableRun& run) {
  if (Looks looks = seen_in_training(run.directory / kObservationFile); !looks.observations.empty()) return looks;
  Config config = run.config;
  config.data.bits_per_fetch = false;
  if (options_.device) config.run.compute.device = *options_.device;
  if (options_.threads) config.run.compute.threads = *options_.threads;
  if (options_.workers) config.data.loader.workers = static_cast<int>(*options_.workers);
  config.run.compute.repeatable = true;
  const engine::Context context = make_context(config.run.compute);
  Looks looks;
  std::vector<std::int64_t> steps;
  try {
    const std::vector<fs::path> checkpoints = Checkpoints(run.directory, 1).all();
    if (checkpoints.empty()) throw engine::DataError("it has no checkpoint any more");
    check_same_data(run.directory, fingerprint(config), config.data.source);
    take_up_plans(context, run.directory);
    const FeatureReader reader(context, config, shown_to(run, options_.probe_images));
    const auto source = open_data(config.data, data::Role::pretrain, config.train.seed);
    const auto look = [&](const Model& model, std::int64_t step) {
      auto observation = reader.read(*model.objective, step);
      if (!observation) return false;
      looks.observations.push_back(std::move(*observation));
      steps.push_back(step);
      return true;
    };
    if (const fs::path init = config.model.init; init.empty() || fs::exists(init)) {
      if (!look(make_model(context, config, *source, init), 0)) return std::nullopt;
    } else {
      looks.missing = fmt::format("the weights that it began with, {}, are not there", init.string());
    }
    const Model model = make_model(context, config, *source);
    for (const fs::path& path : checkpoints) {
      const Checkpoint checkpoint = Checkpoints::read(path);
      load_model(checkpoint.directory / kModelFile, model.state());
      if (!look(model, checkpoint.state.step)) return std::nullopt;
    }
  } catch (const UsageError&) { throw; } catch (const engine::Error& error) {
    looks.missing = error.what();
  }
  if (!steps.empty()) looks.from = fmt::format("the weights of steps {}", fmt::join(steps, ", "));
  return looks;
}

}  // namespace apps
