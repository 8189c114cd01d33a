#include "apps/run/run_config.h"

#include <system_error>

#include "apps/run/config_layers.h"
#include "apps/settings/usage_error.h"

namespace apps {

Config config_of_run(const std::filesystem::path& run) {
  std::error_code error;
  if (!std::filesystem::exists(run / "config.toml", error))
    throw UsageError(engine::concat(run.string(), " is not a run directory: it has no config.toml"));
  return read_config(run / "config.toml");
}

}  // namespace apps
