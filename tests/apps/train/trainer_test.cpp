#include "apps/train/trainer.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "apps/run/exit_code.h"
#include "apps/run/run_directory.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/apps/tiny_mnist.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("training plan: whole batches, epochs or steps") {
  Config config;
  config.train.batch_size = 100;
  config.train.epochs = 3;
  TrainingPlan plan = plan_training(config.train, config.optim, 1099);
  CHECK(plan.steps_per_epoch == 10);
  CHECK(plan.schedule.steps == 30);
  config.train.epochs = 0;
  config.train.steps = 7;
  CHECK(plan_training(config.train, config.optim, 1099).schedule.steps == 7);
  CHECK(plan_training(config.train, config.optim, 100).steps_per_epoch == 1);
  CHECK(message_of<engine::DataError>([&] { plan_training(config.train, config.optim, 99); }) ==
        "batch size 100 is larger than the training set of 99 examples; lower --batch-size");
}

TEST_CASE("training plan: the rate that the configuration means") {
  Config config;
  config.train.batch_size = 64;
  config.train.steps = 100;
  config.optim.schedule.peak = 0.3;
  config.optim.warmup_epochs = 2.5;  // epochs of 1000 / 64 batches: 2500 // 64 steps
  config.optim.schedule.decay = engine::Decay::polynomial;
  config.optim.schedule.power = 2;
  TrainingPlan plan = plan_training(config.train, config.optim, 1000);
  CHECK(plan.schedule.peak == 0.3);
  CHECK(plan.schedule.decay == engine::Decay::polynomial);
  CHECK(plan.schedule.power == 2);
  CHECK(plan.schedule.warmup_steps == 39);
  config.optim.lr_scaling = engine::LearningRateScaling::linear;
  CHECK(plan_training(config.train, config.optim, 1000).schedule.peak == doctest::Approx(0.3 * 64 / 256));
  config.optim.lr_scaling = engine::LearningRateScaling::sqrt;
  CHECK(plan_training(config.train, config.optim, 1000).schedule.peak == doctest::Approx(0.3 * 8));
  config.optim.schedule.decay = engine::Decay::cosine;
  CHECK(plan_training(config.train, config.optim, 1000).schedule.decay == engine::Decay::cosine);
  config.optim.schedule.decay = engine::Decay::constant;
  CHECK(plan_training(config.train, config.optim, 1000).schedule.decay == engine::Decay::constant);
}

TEST_CASE("training plan: rates and counts that nothing can be computed with are refused") {
  Config config;
  config.train.batch_size = 1024;
  config.train.steps = 10;
  const auto refused = [&] { return message_of<UsageError>([&] { plan_training(config.train, config.optim, 2048); }); };
  config.optim.schedule.peak = 1e38;
  CHECK(plan_training(config.train, config.optim, 2048).schedule.peak == 1e38);
  config.optim.lr_scaling = engine::LearningRateScaling::linear;
  CHECK(refused() ==
        "optim.lr = 1e+38 with optim.lr_scaling = linear is 4e+38 for batches of 1024, and a learning rate must be "
        "from 1e-37 to 1e+38; change --lr or --lr-scaling");
  config.optim.schedule.peak = 0.1;
  config.optim.warmup_epochs = 5e8;  // epochs of two steps
  CHECK(plan_training(config.train, config.optim, 2048).schedule.warmup_steps == 1'000'000'000);
  config.optim.warmup_epochs = 5.1e8;
  CHECK(refused() ==
        "5.1e+08 epochs of warm-up, of 2 steps each, are more than 1000000000 steps; lower --warmup-epochs");
  config.optim.warmup_epochs = 0;
  config.train.steps = 0;
  config.train.epochs = 1'000'000;
  for (const StepsFromEpochs count : {StepsFromEpochs::whole_batches, StepsFromEpochs::simclr}) {
    config.train.steps_from_epochs = count;
    CHECK(message_of<UsageError>([&] {
            plan_training(config.train, config.optim, 9'000'000'000'000);
          }).ends_with(" are more than 1000000000 steps; lower --epochs"));
  }
}

TEST_CASE("training plan: SimCLR's count of steps, and its rates for ImageNet") {
  Config config;
  config.train.batch_size = 1024;
  config.train.epochs = 100;
  config.optim.schedule.peak = 0.075;
  config.optim.lr_scaling = engine::LearningRateScaling::sqrt;
  config.optim.schedule.decay = engine::Decay::cosine;
  config.optim.warmup_epochs = 10;
  CHECK(plan_training(config.train, config.optim, 1281167).schedule.steps == 125100);
  config.train.steps_from_epochs = StepsFromEpochs::simclr;
  const TrainingPlan plan = plan_training(config.train, config.optim, 1281167);
  CHECK(plan.schedule.steps == 125114);
  CHECK(plan.schedule.warmup_steps == 12511);
  CHECK(plan.schedule.at(60000) == doctest::Approx(1.492076).epsilon(1e-6));
  config.train.epochs = 0;
  config.train.steps = 7;  // given directly
  CHECK(plan_training(config.train, config.optim, 1281167).schedule.steps == 7);
}

TEST_CASE("trainer: a checkpoint made with another number of threads is refused") {
  const ScratchDirectory scratch;
  tests::write_tiny_mnist(scratch / "mnist");
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  Config config;
  config.data.source = "mnist:" + (scratch / "mnist").string();
  config.train.steps = 1;
  Trainer trainer(context, config);
  const Checkpoint checkpoint{.directory = scratch.path(), .state = {.step = 1, .threads = 2}, .sha256 = {}};
  CHECK(message_of<UsageError>([&] { trainer.restore(checkpoint); }) ==
        "the run was computed with --threads 2; with 1 thread its results would differ in the last bits; resume with "
        "--threads 2");
  CHECK(trainer.step() == 0);
}

TEST_CASE("trainer: what cannot be written since the run directory is gone is said to be that") {
  const ScratchDirectory scratch;
  tests::write_tiny_mnist(scratch / "mnist");
  const std::filesystem::path run = scratch / "run";
  RunArguments arguments{.layers = {}, .out = run.string(), .resume = "never"};
  arguments.layers.set = {read_set("train.steps=1"), read_set("train.batch_size=8"),
                          read_set("data.source=mnist:" + (scratch / "mnist").string())};
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  RunDirectory directory(arguments);
  directory.begin({.train = "aa", .test = "bb"});
  Trainer trainer(context, directory.config());
  // After the step and after the check that the directory exists, but before the checkpoint.
  const auto move_away = [&](std::int64_t, std::string_view) { std::filesystem::rename(run, scratch / "elsewhere"); };
  CHECK(message_of<engine::Error>([&] {
          trainer.run(directory, move_away);
        }).starts_with("the run directory " + run.string() + " was removed, moved or replaced"));
}
