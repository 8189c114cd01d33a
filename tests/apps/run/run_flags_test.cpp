#include "apps/run/run_flags.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "apps/run/run_directory.h"
#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"

namespace {

struct Parsed {
  apps::RunArguments run;
  bool go_on;
  std::string printed;
};

Parsed parse(std::vector<const char*> arguments) {
  apps::Flags flags("pretrain", "");
  apps::RunArguments run;
  apps::add_run_flags(flags, run);
  arguments.insert(arguments.begin(), "pretrain");
  const CaptureStdout capture;
  const bool go_on = flags.parse(static_cast<int>(arguments.size()), arguments.data());
  return {run, go_on, capture.text()};
}

}  // namespace

TEST_CASE("run_flags: recipe, --set and flags reach the configuration in their order") {
  const Parsed parsed = parse({"--lr", "0.3", "--set", "optim.lr=0.2", "--set", "loss.temperature=0.5", "--recipe",
                               "demo", "--shuffle", "off"});
  CHECK(parsed.go_on);
  const apps::Config config = apps::resolve(parsed.run);
  CHECK(config.optim.schedule.peak == 0.3);
  CHECK(config.loss.temperature == 0.5f);
  CHECK_FALSE(config.data.loader.shuffle);
  CHECK(config.train.steps == 500);
  CHECK(parse({"--out", "x", "--resume", "auto"}).run.resume == "auto");
}

TEST_CASE("run_flags: mistakes name the flag") {
  CHECK(message_of<apps::UsageError>([] {
          parse({"--temprature", "1"});
        }) == "unknown flag --temprature; the nearest is --temperature");
  CHECK(message_of<apps::UsageError>([] {
          apps::resolve(parse({"--steps", "1", "--lr", "-1"}).run);
        }) == "--lr must be a number from 1e-37 to 1e+38, got '-1'");
}

TEST_CASE("run_flags: --print-config is loadable, --help-config is the table, --help groups by section") {
  const Parsed printed = parse({"--recipe", "randbits-mnist", "--print-config", "--bits", "5"});
  CHECK_FALSE(printed.go_on);
  const apps::Config config = apps::with_layers({}, {apps::read_toml(printed.printed, "printed"), {}, {}});
  CHECK(config.data.bits == 5);
  CHECK(config == apps::resolve(parse({"--recipe", "randbits-mnist", "--bits", "5"}).run));
  CHECK(parse({"--help-config"}).printed == apps::config_table().markdown());
  const std::string help = parse({"--help"}).printed;
  for (const char* part : {"Optim:", "--lr X", "[0.001]", "--loss nt-xent|cross-view", "--shuffle on|off", "demo, "}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}
