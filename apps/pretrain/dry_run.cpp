#include "apps/pretrain/dry_run.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/objectives/make_encoder.h"
#include "apps/run/about_time.h"
#include "apps/run/environment.h"
#include "apps/run/json_text.h"
#include "apps/train/make_context.h"
#include "data/stand_in.h"
#include "kernels/runtime/bytes_text.h"

namespace apps {
namespace {

using engine::bytes_text;

/// "resnet18, in_chans 1, stem cifar, variant simclr"
std::string encoder_text(const models::EncoderOptions& options, const data::Source& source) {
  std::string text(engine::name(options.arch));
  for (const auto& [key, value] : describe_encoder(options, source)) {
    if (key != "arch") text += fmt::format(", {} {}", key, value);
  }
  return text;
}

std::int64_t parameter_count(const engine::ParameterSet& parameters) {
  std::int64_t all = 0;
  for (const std::string& group : parameters.groups()) all += parameters.trainable(group);
  return all;
}

/// "139882 = encoder 88928 + projector 49664 + probe 1290"
std::string parameters_text(const engine::ParameterSet& parameters) {
  std::string groups;
  for (const std::string& group : parameters.groups())
    groups += fmt::format(" {} {} {}", groups.empty() ? '=' : '+', group, parameters.trainable(group));
  return fmt::format("{}{}", parameter_count(parameters), groups);
}

double epochs_of(const TrainingPlan& plan) {
  return static_cast<double>(plan.schedule.steps) / static_cast<double>(plan.steps_per_epoch);
}

/// What is in the device's memory all the time, in parts.
struct KeptMemory {
  std::size_t parameters = 0, gradients = 0, optimizer = 0, rest = 0;

  KeptMemory(const Trainer& trainer, const RunCosts& costs)
      : parameters(trainer.model().parameters.values().bytes()),
        gradients(trainer.model().parameters.gradients().bytes()) {
    for (const engine::NamedTensor& state : trainer.optimizer().state()) optimizer += state.tensor.bytes();
    const std::size_t known = parameters + gradients + optimizer;
    rest = costs.kept_bytes > known ? costs.kept_bytes - known : 0;
  }
};

std::string memory_text(const Trainer& trainer, const RunCosts& costs) {
  const KeptMemory kept(trainer, costs);
  std::string text = fmt::format(
      "parameters {}, gradients {}, optimizer {}, other state {}; a step {}; images read ahead {}{}\n"
      "               at most {} of {} available",
      bytes_text(kept.parameters), bytes_text(kept.gradients), bytes_text(kept.optimizer), bytes_text(kept.rest),
      bytes_text(costs.step.bytes), bytes_text(costs.ahead_bytes), costs.on_host ? "" : " on the host",
      bytes_text(costs.peak_bytes()), bytes_text(costs.available_bytes));
  if (costs.fits()) return text;
  const std::int64_t images = costs.fitting_images();
  return text + (images >= 2 ? fmt::format(": too much; about --batch-size {} would fit", images)
                             : ": too much, with any batch size");
}

/// " (estimated from steps of 8 and 16 images)"
std::string basis_text(const RunCosts& costs) {
  if (costs.tried.back().images == costs.step.images) return " (measured)";
  if (costs.tried.size() == 1) return fmt::format(" (estimated from a step of {} images)", costs.tried[0].images);
  return fmt::format(" (estimated from steps of {} and {} images)", smaller_step(costs.tried).images,
                     costs.tried.back().images);
}

/// "; from 0.075 by sqrt scaling"
std::string scaling_text(const Config::Optim& optim) {
  if (optim.lr_scaling == engine::LearningRateScaling::none) return {};
  return fmt::format("; from {} by {} scaling", optim.schedule.peak, engine::name(optim.lr_scaling));
}

std::string device_text(const engine::Context& context) {
  return context.on_cuda() ? context.backend().model() : cpu_model();
}

std::string seconds_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.3g} ms", seconds * 1e3) : about_time(seconds);
}

}  // namespace

std::string dry_run_text(const engine::Context& context, const Trainer& trainer, const RunCosts& costs) {
  const Config& config = trainer.config();
  const TrainingPlan& plan = trainer.plan();
  const auto& schedule = plan.schedule;
  const auto rounded = rounded_channels(config.model.encoder);
  const std::string& weights = trainer.model().initial_weights;
  std::string text;
  const auto line = [&](std::string_view label, const std::string& value) {
    text += fmt::format("{:<14} {}\n", label, value);
  };
  line("train data", trainer.train_data().describe());
  line("test data", trainer.test_data().describe());
  line("encoder", encoder_text(config.model.encoder, trainer.train_data()));
  if (rounded) line("channels", *rounded);
  if (!weights.empty()) line("initial weights", weights);
  line("parameters", parameters_text(trainer.model().parameters));
  line("steps", fmt::format("{} = {:.2f} epochs of {} batches of {} images", schedule.steps, epochs_of(plan),
                            plan.steps_per_epoch, config.train.batch_size));
  line("learning rate", fmt::format("{:.6g} peak after {} warmup steps, {} decay{}", schedule.peak,
                                    schedule.warmup_steps, engine::name(schedule.decay), scaling_text(config.optim)));
  line("memory", memory_text(trainer, costs));
  line("a step", fmt::format("{}{}", seconds_text(costs.step.ms * 1e-3), basis_text(costs)));
  line("reading", fmt::format("{:.2f} ms an image, {} workers", costs.reading_ms, config.data.loader.workers));
  line("evaluation", fmt::format("{} of {} images: {}", costs.evaluations, costs.evaluated_images,
                                 seconds_text(costs.evaluation_seconds())));
  line("threads", describe_threads(context, config.run.compute.threads));
  line("time", fmt::format("{} on this device, {}", about_time(costs.seconds(schedule.steps)), device_text(context)));
  return text;
}

std::string dry_run_json(const engine::Context& context, const Trainer& trainer, const RunCosts& costs) {
  const Config& config = trainer.config();
  const TrainingPlan& plan = trainer.plan();
  const KeptMemory kept(trainer, costs);
  nlohmann::ordered_json tried = nlohmann::ordered_json::array();
  for (const StepCost& step : costs.tried)
    tried.push_back({{"images", step.images}, {"ms", step.ms}, {"bytes", step.bytes}});
  const double seconds = costs.seconds(plan.schedule.steps);
  return json_text(nlohmann::ordered_json{{"parameters", parameter_count(trainer.model().parameters)},
                                          {"batch_size", config.train.batch_size},
                                          {"steps", plan.schedule.steps},
                                          {"epochs", epochs_of(plan)},
                                          {"lr", config.optim.schedule.peak},
                                          {"lr_scaling", engine::name(config.optim.lr_scaling)},
                                          {"peak_lr", plan.schedule.peak},
                                          {"warmup_steps", plan.schedule.warmup_steps},
                                          {"schedule", engine::name(plan.schedule.decay)},
                                          {"parameter_bytes", kept.parameters},
                                          {"gradient_bytes", kept.gradients},
                                          {"optimizer_bytes", kept.optimizer},
                                          {"other_bytes", kept.rest},
                                          {"step_bytes", costs.step.bytes},
                                          {"read_ahead_bytes", costs.ahead_bytes},
                                          {"peak_bytes", costs.peak_bytes()},
                                          {"available_bytes", costs.available_bytes},
                                          {"fits", costs.fits()},
                                          {"tried_steps", tried},
                                          {"step_ms", costs.step.ms},
                                          {"reading_ms_per_image", costs.reading_ms},
                                          {"evaluations", costs.evaluations},
                                          {"evaluation_seconds", costs.evaluation_seconds()},
                                          {"seconds", seconds},
                                          {"time", about_time(seconds)},
                                          {"device", device_text(context)},
                                          {"threads", context.threads()}});
}

std::string without_data(const std::string& message, const std::string& source) {
  const auto blank = data::with_blank_images(source);
  return fmt::format(
      "{} (relative paths begin in {}); a dry run needs no data: --data \"{}\" has {}", message,
      std::filesystem::current_path().string(), blank.value_or("blank()"),
      blank ? "as many blank images, of the same size" : "blank images, and takes their number and size");
}

}  // namespace apps
