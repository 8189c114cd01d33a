#include "apps/measure/settings.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

MeasureSettings parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "measure");
  MeasureSettings settings;
  const bool goes_on = parse(static_cast<int>(arguments.size()), arguments.data(), settings);
  CHECK(goes_on);
  return settings;
}

}  // namespace

TEST_CASE("measure settings: flags reach what they are about") {
  const MeasureSettings settings =
      parsed({"a.npy",      "b.npy",         "--tensor", "z",        "--k",     "7",         "--loss",
              "cross-view", "--temperature", "0.25",     "--seed",   "9",       "--threads", "3",
              "--gradient", "g.npy",         "--json",   "--labels", "x=1.npy", "--labels",  "y=p=q.npy"});
  CHECK(settings.embeddings == "a.npy");
  CHECK(settings.second_view == "b.npy");
  CHECK(settings.tensor == "z");
  CHECK(settings.neighbours == 7);
  CHECK(settings.one_loss);
  CHECK(settings.config.loss.name == losses::LossName::cross_view);
  CHECK(settings.config.loss.temperature == 0.25f);
  CHECK(settings.config.train.seed == 9);
  CHECK(settings.config.run.compute.threads == 3);
  CHECK(settings.gradient == "g.npy");
  CHECK(settings.json);
  CHECK(settings.labels == std::vector<std::pair<std::string, std::string>>{{"x", "1.npy"}, {"y", "p=q.npy"}});
  const MeasureSettings plain = parsed({"a.npy", "--views", "1"});
  CHECK_FALSE(plain.one_loss);
  CHECK_FALSE(plain.json);
  CHECK(plain.views == 1);
  CHECK(plain.neighbours == 200);
  CHECK(parsed({"a.npy", "--images", "i.npy"}).images == "i.npy");
}

TEST_CASE("measure settings: every key of losses is a flag, and no flag is there twice") {
  std::set<std::string_view> flags, keys;
  for (const auto& field : measure_table()) {
    CHECK(flags.insert(field.flag).second);
    keys.insert(field.key);
  }
  int losses = 0;
  const std::set<std::string_view> over_time{"loss.temperature_schedule", "loss.temperature_high",
                                             "loss.temperature_period", "loss.fixed_directions"};
  for (const ConfigField& field : config_table()) {
    if (!field.key.starts_with("loss.")) continue;
    CAPTURE(field.key);
    CHECK(keys.contains(field.key) != over_time.contains(field.key));
    ++losses;
  }
  CHECK(losses >= 2);
}

TEST_CASE("measure settings: --help says what holds without a flag") {
  const CaptureStdout capture;
  const char* arguments[] = {"measure", "--help"};
  MeasureSettings settings;
  CHECK_FALSE(parse(2, arguments, settings));
  const std::string help = capture.text();
  for (const char* part :
       {"EMBEDDINGS", "SECOND_VIEW", "measure only this loss [all]", "--labels NAME=FILE", "--k N", "[200]"}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}
