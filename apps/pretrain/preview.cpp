#include "apps/pretrain/preview.h"

#include <fmt/format.h>

#include "apps/objectives/make_encoder.h"
#include "apps/run/exit_code.h"
#include "apps/train/make_context.h"

namespace apps {
namespace {

/// "resnet18, in_chans 1, stem cifar, variant simclr"
std::string encoder_text(const models::EncoderOptions& options, const data::Source& source) {
  std::string text(engine::name(options.arch));
  for (const auto& [key, value] : describe_encoder(options, source)) {
    if (key != "arch") text += fmt::format(", {} {}", key, value);
  }
  return text;
}

/// "139882 = encoder 88928 + projector 49664 + probe 1290"
std::string parameters_text(const engine::ParameterSet& parameters) {
  std::int64_t all = 0;
  std::string groups;
  for (const std::string& group : parameters.groups()) {
    const std::int64_t count = parameters.trainable(group);
    groups += fmt::format(" {} {} {}", groups.empty() ? '=' : '+', group, count);
    all += count;
  }
  return fmt::format("{}{}", all, groups);
}

}  // namespace

std::string schedule_csv(const TrainingPlan& plan) {
  std::string text = "step,lr\n";
  for (std::int64_t t = 0; t < plan.schedule.steps; ++t) text += fmt::format("{},{:.9g}\n", t, plan.schedule.at(t));
  return text;
}

std::string dry_run_text(const engine::Context& context, const Config& config, const Trainer& trainer) {
  const auto& schedule = trainer.plan().schedule;
  const auto rounded = rounded_channels(config.model.encoder);
  const std::string& weights = trainer.model().initial_weights;
  return fmt::format(
      "train data     {}\ntest data      {}\nencoder        {}\n{}{}parameters     {}\n"
      "device bytes   {} before the first step\nsteps          {} = {:.2f} epochs of {} batches of {} images\n"
      "learning rate  {:.6g} peak after {} warmup steps, {} decay\nthreads        {}\n",
      trainer.train_data().describe(), trainer.test_data().describe(),
      encoder_text(config.model.encoder, trainer.train_data()),
      rounded ? fmt::format("channels       {}\n", *rounded) : "",
      weights.empty() ? "" : fmt::format("initial weights {}\n", weights), parameters_text(trainer.model().parameters),
      context.pool().used_bytes(), schedule.steps,
      static_cast<double>(schedule.steps) / static_cast<double>(trainer.plan().steps_per_epoch),
      trainer.plan().steps_per_epoch, config.train.batch_size, schedule.peak, schedule.warmup_steps,
      engine::name(config.optim.schedule.decay), describe_threads(context, config.run.compute.threads));
}

std::string warmup_warning(const engine::Schedule& schedule) {
  if (schedule.steps > schedule.warmup_steps) return {};
  return fmt::format(
      "{} steps end within the warm-up of {}, so the learning rate never reaches its peak; lower --warmup-epochs or "
      "train "
      "for longer",
      schedule.steps, schedule.warmup_steps);
}

}  // namespace apps
