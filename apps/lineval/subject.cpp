#include "apps/lineval/subject.h"

#include <iostream>
#include <utility>

#include "apps/lineval/pixels.h"
#include "apps/objectives/network.h"
#include "apps/run/checkpoint.h"
#include "apps/train/parameter_files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

/// Loads the newest checkpoint's encoder and projection head; returns its step.
std::int64_t load_trained(const fs::path& run, const Config& config, const engine::ParameterSet& parameters) {
  const auto checkpoint = Checkpoints(run, config.run.keep).newest();
  if (!checkpoint)
    throw UsageError(engine::concat(run.string(), " has no checkpoint yet; let pretrain finish an epoch first"));
  load_groups(checkpoint->directory / "model.safetensors", parameters, parameters.groups());
  return checkpoint->state.step;
}

std::string input_text(const models::InputOptions& input) {
  const std::string normalized = input.normalization ? ", normalised by " + input.normalization.text() : "";
  return (input.gray_as_rgb ? ", grey as three channels" : "") + normalized;
}

}  // namespace

Subject subject_of(const engine::Context& context, const EvaluationSettings& settings, const data::Source& source) {
  const Config& config = settings.config;
  if (settings.raw) return {.encoder = std::make_unique<RawPixels>(source)};
  const engine::Dtype dtype = activation_dtype(config.run.compute.precision);
  if (settings.run.empty()) {
    PretrainedEncoder pretrained = load_pretrained(context, settings.pretrained, source, dtype);
    std::cerr << "weights: " << pretrained.description << '\n';
    return {.parameters = std::move(pretrained.parameters),
            .encoder = std::move(pretrained.encoder),
            .arch = std::string(engine::name(pretrained.options.arch)),
            .input = input_text(pretrained.options.input)};
  }
  Subject subject{.arch = std::string(engine::name(config.model.encoder.arch)),
                  .input = input_text(config.model.encoder.input)};
  Network network = make_network(subject.parameters, config, source);
  subject.parameters.allocate(context, static_cast<std::uint64_t>(config.train.seed), dtype);
  subject.encoder = std::move(network.encoder);
  subject.head = std::move(network.projector);
  if (!settings.random_init) subject.step = load_trained(settings.run, config, subject.parameters);
  return subject;
}

}  // namespace apps
