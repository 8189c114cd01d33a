#include "kernels/cpu/backend.h"

#include <omp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "engine/core/error.h"
#include "kernels/context.h"
#include "kernels/cpu/convolution_choices.h"
#include "kernels/cpu/convolution_plans.h"

namespace kernels {
namespace cpu {

CpuBackend::CpuBackend()
    : convolutions_(std::make_unique<ConvolutionPlans>()), choices_(std::make_unique<ConvolutionChoices>()) {}
CpuBackend::~CpuBackend() = default;

void* CpuBackend::allocate(std::size_t bytes) {
  constexpr std::size_t kHugePage = std::size_t{1} << 21;
  if (bytes < kHugePage) return std::aligned_alloc(128, bytes);
  void* memory = nullptr;  // aligned_alloc wants whole multiples of the alignment
  if (posix_memalign(&memory, kHugePage, bytes) != 0) return nullptr;
  madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: fewer entries for the address translation
  return memory;
}
void CpuBackend::deallocate(void* memory, std::size_t) noexcept { std::free(memory); }

std::size_t CpuBackend::free_bytes() const {
  return static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void CpuBackend::copy(void* to, const void* from, std::size_t bytes, engine::CopyKind) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}
void CpuBackend::fill_zero(void* memory, std::size_t bytes) {
  if (bytes > 0) std::memset(memory, 0, bytes);
}

}  // namespace cpu

engine::Context make_context(const ContextOptions& options) {
  EXPECTS(options.device.kind == engine::DeviceKind::cpu, "device: ", options.device,
          " was asked for, but this build has the CPU only; use --device cpu");
  EXPECTS(options.threads >= 0, "threads: expected 0 (all cores) or more, got ", options.threads);
  const int threads = options.threads > 0 ? options.threads : omp_get_num_procs();
  omp_set_num_threads(threads);
  return {std::make_unique<cpu::CpuBackend>(), threads};
}

void time_new_choices(const engine::Context& context, bool on) { cpu::backend(context).choices().time_new(on); }

std::map<std::string, std::string> timed_choices(const engine::Context& context) {
  return cpu::backend(context).choices().names();
}

void restore_choices(const engine::Context& context, const std::map<std::string, std::string>& choices) {
  cpu::backend(context).choices().restore(choices);
}

std::map<std::string, std::string> library_versions() {
  const dnnl_version_t* version = dnnl_version();
  return {{"oneDNN", engine::concat(version->major, ".", version->minor, ".", version->patch)}};
}

}  // namespace kernels
