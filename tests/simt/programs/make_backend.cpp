// The interpreter as a program's GPU: kernels run in one schedule, and only when the host waits for them.
#include "kernels/cuda/make_backend.h"

#include "kernels/cuda/backend.h"
#include "tests/simt/interpreter/launch.h"

namespace kernels::cuda {

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options) {
  simt::options().schedules = {{simt::Order::forward}};
  simt::pace() = simt::Pace::when_awaited;
  return std::make_unique<CudaBackend>(options.device.index, Arithmetic{.repeatable = options.repeatable});
}

std::map<std::string, std::string> library_versions() { return {{"SIMT interpreter", "1"}}; }

}  // namespace kernels::cuda
