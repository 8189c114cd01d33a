#pragma once
#include <filesystem>

#include "apps/config/config.h"

namespace apps {

/// The configuration of the run in a directory. Throws UsageError if it is no directory of a run.
Config config_of_run(const std::filesystem::path& run);

}  // namespace apps
