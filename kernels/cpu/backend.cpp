#include <omp.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "engine/core/error.h"
#include "kernels/context.h"

namespace kernels {
namespace {

class CpuBackend final : public engine::Backend {
 public:
  engine::Device device() const override { return {}; }
  void* allocate(std::size_t bytes) override { return std::aligned_alloc(128, bytes); }
  void deallocate(void* memory, std::size_t) noexcept override { std::free(memory); }
  std::size_t free_bytes() const override {
    return static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  }
  void copy(void* to, const void* from, std::size_t bytes, engine::CopyKind) override { std::memcpy(to, from, bytes); }
  void fill_zero(void* memory, std::size_t bytes) override { std::memset(memory, 0, bytes); }
  void synchronize() override {}
};

}  // namespace

engine::Context make_context(const ContextOptions& options) {
  EXPECTS(options.device.kind == engine::DeviceKind::cpu, "device: ", options.device,
          " was asked for, but this build has the CPU only; use --device cpu or configure with `cmake --preset cuda`");
  EXPECTS(options.threads >= 0, "threads: expected 0 (all cores) or more, got ", options.threads);
  const int threads = options.threads > 0 ? options.threads : omp_get_num_procs();
  omp_set_num_threads(threads);
  return {std::make_unique<CpuBackend>(), threads};
}

}  // namespace kernels
