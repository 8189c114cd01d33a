#include "apps/train/make_context.h"

#include "apps/run/exit_code.h"
#include "kernels/context.h"

namespace apps {

engine::Context make_context(const Config& config) {
  try {
    return kernels::make_context(
        {.device = engine::Device::parse(config.run.device), .threads = static_cast<int>(config.run.threads)});
  } catch (const engine::Error& error) { throw UsageError(error.what()); }
}

}  // namespace apps
