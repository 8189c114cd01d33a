#include "apps/run/recipes.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "apps/config/training_plan.h"
#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "tests/apps/configured.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::Config;
using apps::UsageError;

namespace {

/// The list of names as it appears in messages.
std::string built_in() {
  std::string names;
  for (const apps::Recipe& recipe : apps::recipes()) {
    if (!names.empty()) names += ", ";
    names += recipe.name;
  }
  return names;
}

Config load(const std::string& name) { return apps::with_layers(Config{}, {apps::read_recipe(name), {}, {}}); }

}  // namespace

TEST_CASE("recipes: every file of recipes/ is built in, as it is, and makes a configuration") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/recipes")) {
    const std::string name = entry.path().stem();
    CAPTURE(name);
    const auto found = std::find_if(apps::recipes().begin(), apps::recipes().end(),
                                    [&](const apps::Recipe& recipe) { return recipe.name == name; });
    REQUIRE(found != apps::recipes().end());
    CHECK(found->toml == engine::read_file(entry.path()));
    CHECK(load(name) == load(entry.path()));
    ++files;
  }
  CHECK(files == apps::recipes().size());
}

TEST_CASE("recipes: randbits-mnist is the RandBits notebook's protocol") {
  const Config expected = tests::configured({{"data.source", "mnist:datasets/mnist"},
                                             {"data.shuffle", "off"},
                                             {"data.crop_area_min", "0.5"},
                                             {"data.crop_area_max", "1"},
                                             {"model.proj_layers", "2"},
                                             {"model.proj_dim", "64"},
                                             {"model.proj_hidden", "256"},
                                             {"model.proj_output_bn", "off"},
                                             {"model.bn_eps", "0.001"},
                                             {"model.bn_momentum", "0.99"},
                                             {"model.bn_per_view", "on"},
                                             {"model.probe_views", "first"},
                                             {"loss.name", "cross-view"},
                                             {"loss.temperature", "0.1"},
                                             {"optim.lr", "0.001"},
                                             {"optim.schedule", "polynomial"},
                                             {"optim.l2", "0.0001"},
                                             {"train.batch_size", "1000"},
                                             {"train.epochs", "10"}});
  CHECK(load("randbits-mnist") == expected);
}

TEST_CASE("recipes: simclr-mnist trains as SimCLR's code trains CIFAR-10") {
  const Config expected = tests::configured({{"data.source", "mnist:datasets/mnist"},
                                             {"model.arch", "resnet18"},
                                             {"model.bn_unbiased_variance", "off"},
                                             {"loss.name", "nt-xent"},
                                             {"loss.temperature", "0.2"},
                                             {"optim.name", "lars"},
                                             {"optim.lr", "0.2"},
                                             {"optim.lr_scaling", "sqrt"},
                                             {"optim.schedule", "cosine"},
                                             {"optim.warmup_epochs", "10"},
                                             {"optim.weight_decay", "0.0001"},
                                             {"train.batch_size", "128"},
                                             {"train.epochs", "100"},
                                             {"train.steps_from_epochs", "simclr"}});
  CHECK(load("simclr-mnist") == expected);
}

TEST_CASE("recipes: runs of the paper's size have the published steps and rates") {
  constexpr std::int64_t kImageNet = 1281167, kCifar10 = 50000;
  const struct {
    std::string name;
    std::int64_t examples, steps, warmup_steps;
    double peak;
  } cases[] = {{"fig1-imagenet", kImageNet, 125114, 12511, 2.4},
               {"table2-imagenet", kImageNet, 125114, 12511, 2.4},
               {"simclr-imagenet", kImageNet, 31279, 3127, 4.8},
               {"fig1-cifar10", kCifar10, 39063, 3906, 2.262742},
               {"simclr-cifar10", kCifar10, 97657, 976, 2.0}};
  for (const auto& [name, examples, steps, warmup_steps, peak] : cases) {
    CAPTURE(name);
    const Config config = load(name);
    const engine::Schedule schedule = apps::plan_training(config.train, config.optim, examples).schedule;
    CHECK(schedule.steps == steps);
    CHECK(schedule.warmup_steps == warmup_steps);
    CHECK(schedule.peak == doctest::Approx(peak).epsilon(1e-6));
  }
}

TEST_CASE("recipes: names and paths that are not there") {
  CHECK(message_of<UsageError>([] { apps::read_recipe("dema"); }) ==
        "--recipe: unknown recipe 'dema'; the nearest is demo, built in are " + built_in() +
            ", and a file's name ends in .toml");
  CHECK(message_of<UsageError>([] { apps::read_recipe("none/x.toml"); }) ==
        "--recipe: there is no file none/x.toml; built in are " + built_in());
  const ScratchDirectory scratch;
  engine::atomic_write_file(scratch / "x.toml", "[optim]\nlr = 0\n");
  CHECK(message_of<UsageError>([&] { load(scratch / "x.toml"); }) ==
        (scratch / "x.toml").string() + ":2: optim.lr must be a number from 1e-37 to 1e+38, got '0'");
}
