#include "apps/config/fields.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "tests/apps/configured.h"
#include "tests/engine/io/message_of.h"

using apps::Config;
using apps::ConfigField;
using apps::UsageError;

namespace {

std::string refusal(std::string_view key, std::string_view text) {
  Config config;
  const std::string message =
      message_of<UsageError>([&] { apps::config_table().find(key)->set(config, text, "--flag"); });
  CHECK(config == Config{});  // a refused value changes nothing
  return message;
}

}  // namespace

TEST_CASE("fields: keys and flags are unique, keys sorted into sections, every field explained") {
  std::set<std::string_view> keys, flags, sections;
  std::string_view section;
  for (const ConfigField& field : apps::config_table()) {
    CAPTURE(field.key);
    CHECK(keys.insert(field.key).second);
    if (!field.flag.empty()) CHECK(flags.insert(field.flag).second);
    CHECK_FALSE(field.help.empty());
    const auto begin = field.key.substr(0, field.key.find('.'));
    if (begin != section) CHECK(sections.insert(begin).second);
    section = begin;
  }
}

TEST_CASE("fields: each key has a member of its own, and its default is one of its values") {
  for (const ConfigField& field : apps::config_table()) {
    CAPTURE(field.key);
    Config config;
    field.set(config, field.text(config), "default");
    CHECK(config == Config{});
    for (const std::string text : {"on", "off", "0.5", "3", "17", "cosine", "x:y"}) {
      if (!field.value.set(config, text, field.range) || config == Config{}) continue;
      for (const ConfigField& other : apps::config_table())
        CHECK((other.text(config) != other.text(Config{})) == (&other == &field));
    }
  }
}

TEST_CASE("fields: text becomes values and comes back") {
  Config config;
  const auto round_trip = [&](std::string_view key, std::string_view text) {
    const ConfigField& field = *apps::config_table().find(key);
    field.set(config, text, "--set");
    return field.text(config);
  };
  CHECK(round_trip("optim.lr", "1e-3") == "0.001");
  CHECK(round_trip("optim.lr", "0.1") == "0.1");
  CHECK(round_trip("optim.lr", "2") == "2");
  CHECK(round_trip("optim.eps", "1e-7") == "1e-07");
  CHECK(round_trip("train.seed", "9223372036854775807") == "9223372036854775807");
  CHECK(round_trip("data.shuffle", "off") == "off");
  CHECK(round_trip("data.shuffle", "true") == "on");
  CHECK(round_trip("data.source", "mnist:a b") == "mnist:a b");
  CHECK(round_trip("loss.name", "cross-view") == "cross-view");
  CHECK(round_trip("run.plans", "off") == "off");
  CHECK(round_trip("run.plans", "runs/a/plans.json") == "runs/a/plans.json");
  CHECK(round_trip("run.device", "cuda") == "cuda");
  CHECK(round_trip("run.device", "cuda:12") == "cuda:12");
}

TEST_CASE("fields: what is not accepted is refused in one sentence") {
  for (const std::string rate : {"fast", "0", "-1", "inf", "nan", "0.1x", "", "1e-50", "1e39", "1e-400", "1e400"})
    CHECK(refusal("optim.lr", rate) == "--flag must be a number from 1e-37 to 1e+38, got '" + rate + "'");
  CHECK(refusal("optim.polynomial_power", "0") == "--flag must be a number above 0, got '0'");
  CHECK(refusal("data.crop_area_min", "0") == "--flag must be a number from 0 (excluded) to 1, got '0'");
  CHECK(refusal("data.crop_area_max", "0.05") == "--flag must be a number from 0.1 to 1, got '0.05'");
  CHECK(refusal("train.seed", "-1") == "--flag must be a whole number of at least 0, and below 2^63, got '-1'");
  CHECK(refusal("train.seed", "9223372036854775808") ==
        "--flag must be a whole number of at least 0, and below 2^63, got '9223372036854775808'");
  CHECK(refusal("model.proj_layers", "101") == "--flag must be a whole number from 1 to 100, got '101'");
  CHECK(refusal("model.proj_layers", "2.0") == "--flag must be a whole number from 1 to 100, got '2.0'");
  CHECK(refusal("data.shuffle", "yes") == "--flag must be on or off, got 'yes'");
  CHECK(refusal("optim.name", "adamw") == "--flag must be one of adam, sgd, lars, got 'adamw'");
  for (const std::string device : {"gpu", "cuda:", "cuda:N", "cuda:-1", "cuda:1x", "cuda0", ""}) {
    CHECK(refusal("run.device", device) == "--flag must be one of cpu, cuda, cuda:N, got '" + device + "'");
  }
  CHECK(refusal("run.plans", "") == "--flag must be one of timed, off, FILE, got ''");
  CHECK(refusal("run.precision", "fp16") == "--flag must be one of fp32, tf32, bf16, got 'fp16'");
}

TEST_CASE("fields: numbers that a float does not hold, or that nothing can be computed with, are refused") {
  const struct {
    std::string_view key;
    std::vector<std::string> good, bad;
    std::string range;
  } cases[] = {
      {"model.bn_eps", {"1e-5", "1e-20"}, {"0", "1e-300", "1e-21", "1e39"}, "from 1e-20 to 1e+38"},
      {"model.bn_momentum",
       {"0", "0.9", "0.9999999"},
       {"1", "0.99999999999", "1e-300"},
       "0 or from 1e-37 to 0.9999999"},
      {"loss.temperature", {"1e-6", "0.1", "1e6"}, {"0", "1e-300", "1e-7", "1e7"}, "from 1e-06 to 1000000, or auto"},
      {"optim.lr", {"1e-37", "1e38"}, {"0", "1e-50", "1e39"}, "from 1e-37 to 1e+38"},
      {"optim.warmup_epochs", {"0", "1e-300", "2.5", "1e9"}, {"-1", "1e19"}, "from 0 to 1000000000"},
      {"optim.beta1", {"0", "0.9999999"}, {"1", "0.99999999999", "1e-50"}, "0 or from 1e-37 to 0.9999999"},
      {"optim.beta2", {"0", "0.9999999"}, {"1", "0.99999999999", "1e-50"}, "0 or from 1e-37 to 0.9999999"},
      {"optim.eps", {"1e-20", "1"}, {"0", "1e-300", "1e39"}, "from 1e-20 to 1e+38"},
      {"optim.momentum", {"0", "0.9999999"}, {"1", "0.99999999999", "-0.1"}, "0 or from 1e-37 to 0.9999999"},
      {"optim.trust_coefficient", {"1e-37"}, {"0", "1e-60"}, "from 1e-37 to 1e+38"},
      {"optim.weight_decay", {"0", "1e-37"}, {"-1", "1e-60", "1e39"}, "0 or from 1e-37 to 1e+38"},
      {"optim.l2", {"0", "1e-37"}, {"-1", "1e-60", "1e39"}, "0 or from 1e-37 to 1e+38"},
  };
  for (const auto& [key, good, bad, range] : cases) {
    CAPTURE(key);
    for (const std::string& text : good) {
      CAPTURE(text);
      Config config;
      CHECK_NOTHROW(apps::config_table().find(key)->set(config, text, "--flag"));
    }
    const std::string before = range.starts_with("0 or") ? "--flag must be a number, " : "--flag must be a number ";
    for (const std::string& text : bad) CHECK(refusal(key, text) == before + range + ", got '" + text + "'");
  }
}

TEST_CASE("fields: whole numbers have room for what is counted with them") {
  for (const std::string_view key : {"eval.every", "run.log_every", "run.ckpt_every", "run.keep", "train.steps"}) {
    CAPTURE(key);
    Config config;
    CHECK_NOTHROW(apps::config_table().find(key)->set(config, "1000000000", "--flag"));
    for (const std::string text : {"1000000001", "9223372036854775807", "9223372036854775808"})
      CHECK(refusal(key, text).ends_with(" to 1000000000, got '" + text + "'"));
  }
  CHECK(refusal("train.epochs", "1000001") == "--flag must be a whole number from 0 to 1000000, got '1000001'");
  CHECK(refusal("run.threads", "4294967297") == "--flag must be a whole number from 0 to 4096, got '4294967297'");
}

TEST_CASE("fields: rules over several of them") {
  Config config;
  const auto refused = [&] { return message_of<UsageError>([&] { apps::check(config); }); };
  CHECK(refused() ==
        "the length of the training is missing: give --epochs N, --steps N, or a --recipe that sets one of them");
  config.train.epochs = 2;
  CHECK_NOTHROW(apps::check(config));
  config.train.steps = 3;
  CHECK(refused() == "train.epochs = 2 and train.steps = 3 exclude each other: set one of them to 0");
  config.train.epochs = 0;
  tests::configure(config, {{"optim.beta2", "0.95"}});
  CHECK_NOTHROW(apps::check(config));
  tests::configure(config, {{"optim.name", "lars"}});
  CHECK(refused() ==
        "optim.beta2 = 0.95 has no effect while optim.name is lars: keep its default 0.999, or set optim.name to adam");
  tests::configure(config, {{"optim.beta2", "0.999"}, {"optim.momentum", "0.8"}});
  CHECK_NOTHROW(apps::check(config));
  tests::configure(config, {{"optim.name", "adam"}});
  CHECK(refused() ==
        "optim.momentum = 0.8 has no effect while optim.name is adam: keep its default 0.9, or set optim.name to sgd "
        "or lars");
  tests::configure(config, {{"optim.momentum", "0.9"}, {"data.crop_area_min", "0.6"}, {"data.crop_area_max", "0.5"}});
  CHECK(refused() == "data.crop_area_min = 0.6 must not be above data.crop_area_max = 0.5");
}

TEST_CASE("fields: what has an effect only beside a value of another key is refused elsewhere") {
  const auto refused = [](Config config, std::string_view key, std::string_view text) {
    apps::config_table().find(key)->set(config, text, "--set");
    return message_of<UsageError>([&] { apps::check(config); });
  };
  Config steps;
  steps.train.steps = 400;
  const std::string convn = " has no effect while model.arch is convn: keep its default ";
  const std::string resnets = ", or set model.arch to resnet18 or resnet34 or resnet50 or resnet101 or resnet152";
  CHECK(refused(steps, "model.variant", "torchvision") == "model.variant = torchvision" + convn + "simclr" + resnets);
  CHECK(refused(steps, "model.stem", "imagenet") == "model.stem = imagenet" + convn + "auto" + resnets);
  CHECK(refused(steps, "model.zero_gamma", "off") == "model.zero_gamma = off" + convn + "on" + resnets);
  CHECK(refused(steps, "optim.polynomial_power", "2") ==
        "optim.polynomial_power = 2 has no effect while optim.schedule is constant: keep its default 1, or set "
        "optim.schedule to polynomial");
  CHECK(refused(steps, "optim.sgd_form", "keras") ==
        "optim.sgd_form = keras has no effect while optim.name is adam: keep its default pytorch, or set optim.name to "
        "sgd");
  CHECK(
      refused(steps, "train.steps_from_epochs", "simclr") ==
      "train.steps_from_epochs = simclr has no effect while train.steps is 400: keep its default whole-batches, or set "
      "train.steps to 0");
}

TEST_CASE("fields: every condition names a key and values that it takes") {
  for (const ConfigField& field : apps::config_table()) {
    CAPTURE(field.key);
    for (const auto& [key, values] : field.only_with.all) {
      const ConfigField* other = apps::config_table().find(key);
      REQUIRE(other != nullptr);
      CHECK_FALSE(values.empty());
      Config config;
      for (std::string value(values.front()); const std::string_view form : values) {
        value = form.ends_with(":N") ? std::string(form.substr(0, form.size() - 1)) + "3" : form;
        other->set(config, value, "only_with");
        CHECK(other->text(config) == value);
      }
    }
  }
}

TEST_CASE("fields: the nearest key, with and without its section") {
  CHECK(apps::config_table().nearest("optm.lr") == "optim.lr");
  CHECK(apps::config_table().nearest("lr") == "optim.lr");
  CHECK(apps::config_table().nearest("temprature") == "loss.temperature");
}

TEST_CASE("fields: docs/recipes.md shows the table as it is") {
  const std::string document = engine::read_file(SOURCE_DIR "/docs/recipes.md");
  const std::string table = apps::config_table().markdown();
  CHECK(table.starts_with("| key | flag | default | accepts | on resume | meaning |\n"));
  CHECK_MESSAGE(document.find("\n\n" + table) != document.npos,
                "replace the table in docs/recipes.md by what `pretrain --help-config` prints");
}
