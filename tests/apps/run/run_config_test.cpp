#include "apps/run/run_config.h"

#include <doctest/doctest.h>

#include "apps/run/config_layers.h"
#include "apps/settings/usage_error.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

TEST_CASE("run config: that of the run, and what is none is refused") {
  const ScratchDirectory scratch;
  const auto refusal = [](const std::filesystem::path& run) {
    return message_of<apps::UsageError>([&] { apps::config_of_run(run); });
  };
  const std::string reason = " is not a run directory: it has no config.toml";
  CHECK(refusal(scratch.path()) == scratch.path().string() + reason);
  CHECK(refusal(scratch / "none") == (scratch / "none").string() + reason);
  apps::Config config;
  config.train.steps = 7;
  config.train.epochs = 0;
  engine::atomic_write_file(scratch / "config.toml", apps::to_toml(config));
  CHECK(apps::config_of_run(scratch.path()) == config);
  CHECK(refusal(scratch / "config.toml") == (scratch / "config.toml").string() + reason);
}
