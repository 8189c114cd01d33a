// Recipes and config.toml.
#include "apps/run/config_layers.h"
#include "apps/run/exit_code.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    apps::Config config;
    apps::apply_layer(config, apps::read_toml(text_of(data, size), "input"));
    apps::check(config);
    apps::Config again;
    apps::apply_layer(again, apps::read_toml(apps::to_toml(config), "config.toml"));
    must(again == config, "a configuration comes back as it was written");
  } catch (const apps::UsageError&) {}
  return 0;
}
