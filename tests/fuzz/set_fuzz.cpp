// The texts of --set, one a line.
#include <sstream>

#include "apps/run/config_layers.h"
#include "apps/run/exit_code.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream lines{std::string(text_of(data, size))};
  apps::Config config;
  for (std::string line; std::getline(lines, line);) {
    try {
      apps::apply_layer(config, {apps::read_set(line)});
    } catch (const apps::UsageError&) {}
  }
  try {
    apps::check(config);
  } catch (const apps::UsageError&) {}
  return 0;
}
