#include "apps/run/config_layers.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/engine/io/small_stack.h"

using apps::Config;
using apps::Layers;
using apps::UsageError;

namespace {

std::string toml_refusal(std::string_view text) {
  return message_of<UsageError>([&] {
    Config config;
    apps::apply_layer(config, apps::read_toml(text, "my.toml"));
  });
}

apps::Assignment flag(std::string_view key, std::string text) {
  return {apps::config_table().find(key), std::move(text), "--flag"};
}

}  // namespace

TEST_CASE("config_layers: default < recipe < --set < flag") {
  Layers layers;
  layers.recipe = apps::read_toml("[optim]\nlr = 0.5\nl2 = 1\n[train]\nepochs = 3\nseed = 4\n", "my.toml");
  layers.set = {apps::read_set("optim.lr=0.6"), apps::read_set("train.seed=5"), apps::read_set("train.seed=6")};
  layers.flags = {flag("optim.lr", "0.7")};
  const Config config = apps::with_layers(Config{}, layers);
  CHECK(config.optim.schedule.peak == 0.7);
  CHECK(config.optim.update.l2 == 1.0);
  CHECK(config.train.seed == 6);
  CHECK(config.train.epochs == 3);
  CHECK(config.loss == Config{}.loss);
}

TEST_CASE("config_layers: a layer that gives epochs replaces lower layers' steps, and the other way round") {
  Layers layers;
  layers.recipe = apps::read_toml("[train]\nsteps = 500\n", "my.toml");
  layers.flags = {flag("train.epochs", "2")};
  CHECK(apps::with_layers(Config{}, layers).train.epochs == 2);
  CHECK(apps::with_layers(Config{}, layers).train.steps == 0);
  layers.flags.push_back(flag("train.steps", "3"));
  CHECK(message_of<UsageError>([&] { apps::with_layers(Config{}, layers); }) ==
        "train.epochs = 2 and train.steps = 3 exclude each other: set one of them to 0");
}

TEST_CASE("config_layers: a length of 0 is none, and never one that a lower layer gave") {
  Layers layers;
  layers.recipe = apps::read_toml("[train]\nsteps = 500\n", "my.toml");
  const auto refused = [&] { return message_of<UsageError>([&] { apps::with_layers(Config{}, layers); }); };
  layers.flags = {{apps::config_table().find("train.steps"), "0", "--steps"}};
  CHECK(refused() == "--steps must be above 0 unless train.epochs sets the length of the training, got 0");
  layers.flags.push_back(flag("train.epochs", "5"));  // replaces steps
  CHECK(apps::with_layers(Config{}, layers).train.epochs == 5);
  CHECK(apps::with_layers(Config{}, layers).train.steps == 0);
  layers.flags = {{apps::config_table().find("train.epochs"), "0", "--epochs"}};
  CHECK(refused() == "--epochs must be above 0 unless train.steps sets the length of the training, got 0");
  layers.flags.clear();
  layers.set = {apps::read_set("train.epochs=0"), apps::read_set("train.steps=00")};
  CHECK(refused() == "--set train.epochs must be above 0 unless train.steps sets the length of the training, got 0");
  layers.flags = {flag("train.steps", "20")};
  CHECK(apps::with_layers(Config{}, layers).train.steps == 20);
  layers.flags.clear();
  layers.set.clear();
  layers.recipe = apps::read_toml("[train]\nsteps = 0\n", "my.toml");
  CHECK(refused() ==
        "my.toml:2: train.steps must be above 0 unless train.epochs sets the length of the training, got 0");
}

TEST_CASE("config_layers: a layer that gives steps ends what lower layers said about counting them from epochs") {
  Layers layers;
  layers.recipe = apps::read_toml("[train]\nepochs = 100\nsteps_from_epochs = \"simclr\"\n", "my.toml");
  CHECK(apps::with_layers(Config{}, layers).train.steps_from_epochs == apps::StepsFromEpochs::simclr);
  layers.flags = {flag("train.epochs", "3")};
  CHECK(apps::with_layers(Config{}, layers).train.steps_from_epochs == apps::StepsFromEpochs::simclr);
  layers.flags = {flag("train.steps", "400")};
  CHECK(apps::with_layers(Config{}, layers).train.steps_from_epochs == apps::StepsFromEpochs::whole_batches);
  layers.set = {apps::read_set("train.steps_from_epochs=simclr"), apps::read_set("train.steps=400")};
  layers.flags.clear();
  CHECK_THROWS_AS(apps::with_layers(Config{}, layers), UsageError);  // both in one layer
}

TEST_CASE("config_layers: another optimizer on the command line drops what a recipe says about its own") {
  Layers layers;
  layers.recipe = apps::read_toml("[train]\nsteps = 5\n[optim]\nname = \"adam\"\nbeta1 = 0.8\neps = 0.1\n", "my.toml");
  CHECK(apps::with_layers(Config{}, layers).optim.update.adam.beta1 == 0.8f);
  layers.flags = {flag("optim.name", "sgd")};
  const Config config = apps::with_layers(Config{}, layers);
  CHECK(config.optim.update.name == engine::OptimizerName::sgd);
  CHECK(config.optim.update.adam == Config{}.optim.update.adam);
  layers.set = {apps::read_set("optim.beta1=0.7")};  // given together with the choice
  CHECK(message_of<UsageError>([&] { apps::with_layers(Config{}, layers); }).find("has no effect while") !=
        std::string::npos);
}

TEST_CASE("config_layers: TOML comes back as it went, for every field") {
  Config config;
  config.data.source = "folder:a \"b\" \\c\xC3\xA9";
  config.data.loader.shuffle = false;
  config.optim.schedule.peak = 1.0 / 3;
  config.optim.update.l2 = 3;
  config.optim.warmup_epochs = 1e-300;
  config.train.seed = INT64_MAX;
  config.train.steps = 7;
  const ScratchDirectory scratch;
  engine::atomic_write_file(scratch / "config.toml", apps::to_toml(config));
  CHECK(apps::read_config(scratch / "config.toml") == config);
  CHECK(apps::to_toml(config).find("l2 = 3.0\n") != std::string::npos);
  const std::filesystem::path empty = scratch / "empty.toml";
  engine::atomic_write_file(empty, "");
  CHECK(message_of<apps::UsageError>([&] {
          apps::read_config(empty);
        }).starts_with(empty.string() + ": the length of the training is missing"));
}

TEST_CASE("config_layers: mistakes in TOML are told with their line") {
  CHECK(toml_refusal("\n[optim]\nlrr = 1\n") == "my.toml:3: unknown key 'optim.lrr'; the nearest is optim.lr");
  CHECK(toml_refusal("[optm]\nlr = 1\n") == "my.toml:2: unknown key 'optm.lr'; the nearest is optim.lr");
  CHECK(toml_refusal("lr = 1\n") == "my.toml:1: unknown key 'lr'; the nearest is optim.lr");
  CHECK(toml_refusal("[optim.lr]\nx = 1\n") == "my.toml:1: optim.lr must be a number from 1e-37 to 1e+38, got a table");
  CHECK(toml_refusal("[optim]\nlr = \"fast\"\n") ==
        "my.toml:2: optim.lr must be a number from 1e-37 to 1e+38, got 'fast'");
  CHECK(toml_refusal("[optim]\nlr = -1\n") == "my.toml:2: optim.lr must be a number from 1e-37 to 1e+38, got '-1'");
  CHECK(toml_refusal("[train]\nseed = 1.5\n") ==
        "my.toml:2: train.seed must be a whole number of at least 0, and below 2^63, got 1.5");
  CHECK(toml_refusal("[data]\nshuffle = 1\n") == "my.toml:2: data.shuffle must be on or off, got 1");
  CHECK(toml_refusal("[optim]\nname = [1]\n") == "my.toml:2: optim.name must be one of adam, sgd, lars, got an array");
  CHECK(toml_refusal("[optim]\nname = \"adamw\"\n") ==
        "my.toml:2: optim.name must be one of adam, sgd, lars, got 'adamw'");
  CHECK(toml_refusal("[loss]\nname = \n").starts_with("my.toml:2: this is not TOML: "));
  CHECK(toml_refusal("[loss]\nname = \"nt-xent\"\nname = \"nt-xent\"\n").starts_with("my.toml:3: this is not TOML: "));
}

TEST_CASE("config_layers: a key in quotes is one word, whatever is in it") {
  CHECK(toml_refusal("\"data.bits\" = 5\n") ==
        "my.toml:1: the key \"data.bits\" must not be in quotes; write data.bits, or bits in the section [data]");
  CHECK(toml_refusal("\n'run.device' = []\n") ==
        "my.toml:2: the key \"run.device\" must not be in quotes; write run.device, or device in the section "
        "[run]");
  CHECK(toml_refusal("\"data.bit\" = 5\n") == "my.toml:1: unknown key 'data.bit'; the nearest is data.bits");
  CHECK(toml_refusal("[\"data.bits\"]\n\"\" = 5\n").starts_with("my.toml:2: unknown key 'data.bits.'"));
  CHECK(toml_refusal("[data]\n\"x.bits\" = 5\n").starts_with("my.toml:2: unknown key 'data.x.bits'"));
  CHECK(apps::read_toml("data.bits = 5\n", "my.toml").size() == 1);
  CHECK(apps::read_toml("\"data\".'bits' = 5\n", "my.toml").size() == 1);
}

TEST_CASE("config_layers: letters beyond ASCII, which toml++ 3.3 alone may take for anything") {
  CHECK(toml_refusal("\u00e9 = 1\n").starts_with("my.toml:1: this is not TOML"));
  CHECK(toml_refusal("x\uff9f = 1\n").starts_with("my.toml:1: this is not TOML"));
  const apps::Layer layer =
      apps::read_toml("# \u00e9t\u00e9 \u0442\u043e\n[data]\nsource = \"mnist:\u00e9t\u00e9\"\n", "my.toml");
  REQUIRE(layer.size() == 1);
  CHECK(layer[0].text == "mnist:\u00e9t\u00e9");
}

TEST_CASE("config_layers: no depth of TOML ends the stack, and a small one is enough") {
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  constexpr int kMany = 200'000;
  std::string mixed = "x";  // the deepest nesting that is not already refused as text
  for (int level = 0; level < 7; ++level) mixed += " = [\n{ a" + repeated(".a", 60);
  const std::string dots = "my.toml:2: the line has more than 64 dots; a key has one at most, as in optim.lr";
  on_small_stack(1 << 18, [&] {
    CHECK(toml_refusal("\nx = " + repeated("[", kMany)).starts_with("my.toml:2: this is not TOML: "));
    CHECK(toml_refusal("\nx = " + repeated("{a=", kMany)).starts_with("my.toml:2: this is not TOML: "));
    CHECK(toml_refusal("\na" + repeated(".a", kMany) + " = 1\n") == dots);
    CHECK(toml_refusal("\n[a" + repeated(" . \"a\"", kMany) + "]\n") == dots);
    CHECK(toml_refusal("\nx = {a" + repeated(".a", kMany) + " = 1}\n") == dots);
    CHECK(toml_refusal("[a" + repeated(".a", 63) + "]\na" + repeated(".a", 63) + " = 1\n")
              .starts_with("my.toml:1: unknown key"));
    CHECK(toml_refusal(mixed).starts_with("my.toml:"));
    CHECK(toml_refusal("[data]\nsource = \"" + repeated("../a.\\\".b'", 1000) + "\"\nx = 1")
              .starts_with("my.toml:3: unknown key"));
    CHECK(toml_refusal("x = [\"\"\"\n\"\"\", {a" + repeated(".a", kMany) + " = 1}]\n") == dots);
  });
}

TEST_CASE("config_layers: mistakes in --set") {
  CHECK(message_of<UsageError>([] { apps::read_set("optim.lr"); }) ==
        "--set must be key=value, as in optim.lr=0.2, got 'optim.lr'");
  CHECK(message_of<UsageError>([] { apps::read_set("lr=1"); }) == "--set: unknown key 'lr'; the nearest is optim.lr");
  Config config;
  CHECK(message_of<UsageError>([&] { apps::apply_layer(config, {apps::read_set("optim.lr=x")}); }) ==
        "--set optim.lr must be a number from 1e-37 to 1e+38, got 'x'");
}

TEST_CASE("config_layers: resuming may change how a run is watched and make it longer, nothing else") {
  Config before;
  before.train.epochs = 10;
  Config after = before;
  CHECK_NOTHROW(apps::check_resume(before, after));
  after.train.epochs = 12;
  after.run.log_every = 1;
  after.run.keep = 9;
  after.data.loader.workers = 5;
  CHECK_NOTHROW(apps::check_resume(before, after));

  after.train.epochs = 9;
  after.optim.schedule.peak = 0.5;
  after.data.loader.shuffle = false;
  after.run.compute.threads = 3;
  CHECK(message_of<UsageError>([&] { apps::check_resume(before, after); }) ==
        "a resumed run must go on as it began, but these fields differ:\n"
        "  data.shuffle: on -> off\n"
        "  optim.lr: 0.001 -> 0.5\n"
        "  train.epochs: 10 -> 9\n"
        "  run.threads: 0 -> 3\n"
        "  only these may change: data.source data.workers data.skip_bad data.resident_mib eval.every "
        "lineval.learning_rates "
        "lineval.epochs "
        "lineval.batch_size lineval.holdout lineval.redraw lineval.standardize lineval.knn lineval.knn_metric "
        "lineval.knn_weights lineval.knn_temperature lineval.precision lineval.seed run.log_every "
        "run.ckpt_every "
        "run.keep "
        "run.device run.cuda_graph run.repeatable run.bucket_mib run.rank_timeout run.report run.tensorboard; "
        "and these may grow: train.epochs train.steps; start a new run for anything else");
}

TEST_CASE("config_layers: a resumed run may become longer under any schedule") {
  Config before;
  before.train.steps = 10;
  before.optim.schedule.decay = engine::Decay::cosine;
  Config after = before;
  after.run.log_every = 1;
  after.train.steps = 11;
  CHECK_NOTHROW(apps::check_resume(before, after));
}
