// In place of run_events.cpp in a build without protobuf (-DWITH_TENSORBOARD=OFF).
#include "apps/tensorboard/run_events.h"
#include "kernels/runtime/error.h"

namespace apps {

struct RunEvents::Implementation {};

bool RunEvents::available() { return false; }

RunEvents::RunEvents(const std::filesystem::path&, std::int64_t, bool) {
  throw engine::Error("this build writes no TensorBoard events; build it with -DWITH_TENSORBOARD=ON");
}

RunEvents::~RunEvents() = default;

void RunEvents::add(const StepMetrics&) {}

}  // namespace apps
