#include "kernels/cpu/backend.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/cpu/convolution_algorithms.h"
#include "kernels/cpu/convolution_plans.h"
#include "kernels/cpu/host_memory.h"
#include "kernels/cpu/matmul_plans.h"
#include "kernels/cpu/simd.h"
#include "kernels/runtime/error.h"

namespace kernels::cpu {
namespace {

struct Copied final : engine::Readback {
  Copied(const std::byte* from, std::size_t count) : bytes(from, from + count) {}
  bool arrived() const override { return true; }
  const void* wait() const override { return bytes.data(); }
  std::vector<std::byte> bytes;
};

constexpr std::size_t kHugePage = std::size_t{1} << 21;

/// Memory directly from the system, so that freed memory is free for other uses; the C library would keep it. Aligned
/// to a huge page.
void* map_aligned(std::size_t bytes) {
  void* mapped = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), whole = round_up(bytes, page);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  const std::size_t end = round_up(bytes + kHugePage, page);
  if (before + whole < end) munmap(begin + before + whole, end - before - whole);
  madvise(begin + before, bytes, MADV_HUGEPAGE);  // a hint, for fewer TLB misses
  return begin + before;
}

}  // namespace

CpuBackend::CpuBackend()
    : convolutions_(std::make_unique<ConvolutionPlans>()),
      algorithms_(std::make_unique<ConvolutionAlgorithms>()),
      products_(std::make_unique<MatmulPlans>()) {}
CpuBackend::~CpuBackend() = default;

std::string CpuBackend::model() const { return engine::concat("kernels for ", kInstructions); }

void* CpuBackend::allocate(std::size_t bytes) {
  if (bytes < kHugePage) return std::aligned_alloc(128, bytes);
  // The system may overcommit memory and kill the process when it uses the memory.
  if (bytes > free_bytes()) return nullptr;
  return map_aligned(bytes);
}
void CpuBackend::deallocate(void* memory, std::size_t bytes) noexcept {
  if (bytes < kHugePage) {
    std::free(memory);
  } else {
    munmap(memory, bytes);
  }
}

std::size_t CpuBackend::free_bytes() const {
  constexpr std::size_t kLeft = std::size_t{32} << 20;  // for oneDNN's generated code and the host's own data
  const std::size_t bytes = free_host_bytes(groups_);
  return bytes - std::min(bytes, kLeft);
}

void CpuBackend::copy(void* to, const void* from, std::size_t bytes, engine::CopyKind) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}
std::unique_ptr<engine::Readback> CpuBackend::read(const void* from, std::size_t bytes) {
  return std::make_unique<Copied>(static_cast<const std::byte*>(from), bytes);
}
void CpuBackend::fill_zero(void* memory, std::size_t bytes) {
  if (bytes > 0) std::memset(memory, 0, bytes);
}

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options) {
  EXPECTS(!options.tf32, "precision: tf32 is a mode of GPUs; use fp32 on the CPU");
  return std::make_unique<CpuBackend>();
}

bool computes_bf16() {
  const auto has = [](dnnl::cpu_isa isa) {  // an isa value contains the bits of every instruction set that it includes
    const auto wanted = static_cast<unsigned>(isa);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
  };
  return has(dnnl::cpu_isa::avx512_core_bf16) || has(dnnl::cpu_isa::avx512_core_amx);
}

std::map<std::string, std::string> library_versions() {
  const dnnl_version_t* version = dnnl_version();
  return {{"oneDNN", engine::concat(version->major, ".", version->minor, ".", version->patch)}};
}

}  // namespace kernels::cpu
