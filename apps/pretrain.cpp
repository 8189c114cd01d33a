#include <fmt/format.h>

#include <iostream>

#include "apps/input/crops.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/run_flags.h"
#include "apps/run/signals.h"
#include "apps/train/make_context.h"
#include "apps/train/make_encoder.h"
#include "apps/train/plans.h"
#include "apps/train/run_result.h"
#include "apps/train/run_start.h"
#include "apps/train/trainer.h"
#include "data/contact_sheet.h"
#include "data/open.h"

namespace {

using namespace apps;

struct Arguments {
  RunArguments run;
  bool dry_run = false, print_schedule = false, profile = false, nvtx = false;
  std::string profile_steps;
  std::vector<std::string> dump_views;
};

constexpr int kViewScale = 4;

void print_schedule(const TrainingPlan& plan) {
  std::cout << "step,lr\n";
  for (std::int64_t t = 0; t < plan.schedule.steps; ++t)
    std::cout << fmt::format("{},{:.9g}\n", t, plan.schedule.at(t));
}

void warn_of_warmup(const engine::Schedule& schedule) {
  if (schedule.steps > schedule.warmup_steps) return;
  std::cerr << fmt::format(
      "pretrain: warning: {} steps end within the warm-up of {}, so the learning rate never reaches its peak; lower "
      "--warmup-epochs or train for longer\n",
      schedule.steps, schedule.warmup_steps);
}

void warn_of_rate_jump(const TrainingPlan& before, const Trainer& trainer, RunDirectory& directory) {
  const auto jump = rate_jump(before, trainer.plan(), trainer.step());
  if (!jump) return;
  directory.log("warning: " + *jump);
  std::cerr << "pretrain: warning: " << *jump << '\n';
}

/// "resnet18, in_chans 1, stem cifar, variant simclr"
std::string encoder_text(const Config& config, const data::Source& source) {
  std::string text = config.model.arch;
  for (const auto& [key, value] : describe_encoder(config, source)) {
    if (key != "arch") text += fmt::format(", {} {}", key, value);
  }
  return text;
}

/// One row per example: the image, and its two views in the first epoch.
void dump_views(const engine::Context& context, const Config& config, std::int64_t count, const std::string& path) {
  const auto source = open_data(config, data::Split::train);
  if (count > source->size()) {
    throw UsageError(engine::concat("--dump-views: the data has ", source->size(), " examples, asked for ", count));
  }
  check_crops(config, source->image_shape());
  data::LoaderOptions options = loader_options(config, 0);
  options.batch_size = count;
  data::Loader loader(*source, options);
  const data::Loader::Lease examples = loader.next();
  DeviceBatch batch(context, *source, count);
  batch.upload(*examples);
  const engine::Tensor views = batch.augmented_views(config, 2);
  const std::vector<float> pixels = views.to_host<float>();
  const engine::Shape image = source->image_shape(), view{views.shape()[2], views.shape()[3], views.shape()[4]};
  data::ContactSheet sheet({.rows = static_cast<int>(count), .columns = 3, .cell = image, .scale = kViewScale});
  for (std::int64_t i = 0; i < count; ++i) {
    const int row = static_cast<int>(i);
    sheet.place(row, 0, image, examples->images.data() + i * image.elements());
    for (int v = 0; v < 2; ++v) sheet.place(row, 1 + v, view, pixels.data() + (v * count + i) * view.elements());
  }
  sheet.write(path);
}

void print_dry_run(const engine::Context& context, const Config& config, const Trainer& trainer) {
  const auto& parameters = trainer.network().parameters;
  const auto count = [&](engine::Part part) { return parameters.trainable(part); };
  const auto& schedule = trainer.plan().schedule;
  std::cout << fmt::format(
      "train data     {}\ntest data      {}\nencoder        {}\nparameters     {} = encoder {} + projector {} + probe "
      "{}\n"
      "device bytes   {} before the first step\nsteps          {} = {:.2f} epochs of {} batches of {} images\n"
      "learning rate  {:.6g} peak after {} warmup steps, {} decay\nthreads        {}\n",
      trainer.train_data().describe(), trainer.test_data().describe(), encoder_text(config, trainer.train_data()),
      count(engine::Part::encoder) + count(engine::Part::projector) + count(engine::Part::probe),
      count(engine::Part::encoder), count(engine::Part::projector), count(engine::Part::probe),
      context.pool().used_bytes(), schedule.steps,
      static_cast<double>(schedule.steps) / static_cast<double>(trainer.plan().steps_per_epoch),
      trainer.plan().steps_per_epoch, config.train.batch_size, schedule.peak, schedule.warmup_steps,
      config.optim.schedule, describe_threads(context, config));
}

/// "A:B"
ProfiledSteps profiled_steps(const std::string& text) {
  if (text.empty()) return {};
  const auto colon = text.find(':');
  if (colon == text.npos) throw UsageError(fmt::format("--profile-steps must be A:B, two steps, got '{}'", text));
  const std::int64_t first = whole_number(text.substr(0, colon), "--profile-steps", 1);
  return {.first = first, .last = whole_number(text.substr(colon + 1), "--profile-steps", first)};
}

/// Starts to watch what is issued from here on.
void begin_profiling(const engine::Context& context, const Config& config, const Arguments& arguments) {
  context.profiler().enable(arguments.profile);
  context.profiler().trace(arguments.nvtx);
  if (context.on_cuda() && config.run.cuda_graph && context.profiler().follows_layers()) {
    std::cerr << "pretrain: steps are issued kernel by kernel, not replayed from a CUDA graph, as --profile and --nvtx "
                 "name layers\n";
  }
}

Trainer::Summary train(Trainer& trainer, RunDirectory& directory, const ProfiledSteps& profiled) {
  Progress progress({.label = "pretrain",
                     .unit = "steps",
                     .total = trainer.plan().schedule.steps,
                     .done = trainer.step(),
                     .item = "images",
                     .items_per_unit = directory.config().train.batch_size});
  const auto observe = [&](std::int64_t step, std::string_view detail) { progress.update(step, detail); };
  return trainer.run(directory, observe, profiled);
}

/// False when a text was printed and there is nothing more to do.
bool parse(int argc, char** argv, Arguments& arguments) {
  Flags flags("pretrain", "Pretrains an encoder with a contrastive loss; an online linear probe watches it.");
  add_run_flags(flags, arguments.run);
  flags.add_switch(
      {.name = "--dry-run", .group = "Output", .help = "build everything, say what would run, train nothing"},
      arguments.dry_run);
  flags.add_switch(
      {.name = "--print-schedule", .group = "Output", .help = "print the learning rate of every step as CSV"},
      arguments.print_schedule);
  flags.add({.name = "--dump-views",
             .group = "Output",
             .help = "draw N examples with their two views and exit",
             .value = "N FILE.png"},
            arguments.dump_views, 2);
  flags.add_switch({.name = "--profile",
                    .group = "Output",
                    .help = "print at the end where the time went, per kernel and per layer"},
                   arguments.profile);
  flags.add_switch({.name = "--nvtx", .group = "Output", .help = "name layers and kernels for Nsight, as NVTX ranges"},
                   arguments.nvtx);
  flags.add({.name = "--profile-steps",
             .group = "Output",
             .help = "let Nsight collect steps A to B only, when told to wait for cudaProfilerStart",
             .value = "A:B"},
            arguments.profile_steps);
  return flags.parse(argc, argv);
}

int pretrain(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return kSuccess;
  // At once, so that a signal while the data is read is not lost: the run stops after its first step.
  const bool trains = !arguments.dry_run && !arguments.print_schedule && arguments.dump_views.empty();
  if (trains) stop_on_signals();

  const ProfiledSteps profiled = profiled_steps(arguments.profile_steps);
  Config config = resolve(arguments.run);
  if (arguments.print_schedule) {
    const auto source = data::open_source(config.data.source, data::Split::train);
    const TrainingPlan plan = plan_training(config, source->size());
    warn_of_warmup(plan.schedule);
    print_schedule(plan);
    return kSuccess;
  }
  keep_threads(arguments.run, config);
  const engine::Context context = make_context(config);
  warn_of_threads(context, config, "pretrain");
  if (!context.on_cuda() && (arguments.nvtx || !arguments.profile_steps.empty())) {
    throw UsageError("--nvtx and --profile-steps are for Nsight and a GPU: add --device cuda, or use --profile");
  }
  if (!arguments.dump_views.empty()) {
    dump_views(context, config, whole_number(arguments.dump_views[0], "--dump-views", 1), arguments.dump_views[1]);
    return kSuccess;
  }
  check_plans(context, config.run.plans, resumed_path(arguments.run));
  Trainer trainer(context, config);
  warn_of_warmup(trainer.plan().schedule);
  if (profiled.last > trainer.plan().schedule.steps) {
    throw UsageError(fmt::format("--profile-steps {}: the run has {} steps", arguments.profile_steps,
                                 trainer.plan().schedule.steps));
  }
  if (arguments.dry_run) {
    print_dry_run(context, config, trainer);
    return kSuccess;
  }

  const std::optional<TrainingPlan> before = earlier_plan(arguments.run, trainer.train_data().size());
  RunDirectory directory(arguments.run);
  start_run(context, trainer, directory, {argv, static_cast<std::size_t>(argc)});
  if (before) warn_of_rate_jump(*before, trainer, directory);
  std::cerr << "run directory: " << directory.path().string() << '\n';
  begin_profiling(context, config, arguments);
  const Trainer::Summary summary = train(trainer, directory, profiled);
  if (arguments.profile) context.profiler().print(std::cerr);
  std::cout << write_result(directory, trainer, summary) << std::endl;
  if (directory.config().run.report) draw_report(directory.path());
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, pretrain); }
