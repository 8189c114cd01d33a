#include "kernels/context.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/backend.h"
#include "kernels/cuda/make_backend.h"
#include "kernels/kernel.h"
#include "kernels/threads.h"

namespace kernels {
namespace {

// One per device, like a kernel's implementations; CUDA's is null in a build without CUDA.
using MakeBackend = std::unique_ptr<engine::Backend>(const ContextOptions& options);
using Connect = std::unique_ptr<engine::Communicator>(engine::Backend& backend, engine::Communicator& host);
using DeviceOfRank = engine::Device(engine::Communicator& ranks);
using Versions = std::map<std::string, std::string>();
constexpr MakeBackend* kMakeBackend[] = {cpu::make_backend, ON_CUDA(cuda::make_backend)};
constexpr Connect* kConnect[] = {nullptr, ON_CUDA(cuda::connect)};  // the host's memory needs no other connection
constexpr DeviceOfRank* kDeviceOfRank[] = {nullptr, ON_CUDA(cuda::device_of_rank)};
constexpr Versions* kVersions[] = {cpu::library_versions, ON_CUDA(cuda::library_versions)};

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options) {
  MakeBackend* make = kMakeBackend[options.device.kind == engine::DeviceKind::cuda];
  EXPECTS(make, "device: ", options.device,
          " was asked for, but this build has the CPU only; use --device cpu, or build with `cmake --preset cuda`");
  return make(options);
}

}  // namespace

engine::Context make_context(const ContextOptions& options) {
  EXPECTS(options.threads >= 0 && options.threads <= engine::Context::kMostThreads,
          "threads: expected 0 (one per processor) to ", engine::Context::kMostThreads, ", got ", options.threads);
  const std::int64_t wanted = options.threads > 0 ? options.threads : omp_get_num_procs();
  const int threads = make_team(static_cast<int>(std::min<std::int64_t>(wanted, engine::Context::kMostThreads)));
  engine::Communicator* const host = options.communicator;
  const bool on_cuda = options.device.kind == engine::DeviceKind::cuda;
  Connect* const connect = host != nullptr && host->ranks() > 1 ? kConnect[on_cuda] : nullptr;
  if (!connect) return {make_backend(options), threads, host};
  ContextOptions own = options;
  own.device = kDeviceOfRank[on_cuda](*host);
  auto backend = make_backend(own);
  auto of_device = connect(*backend, *host);
  return {std::move(backend), threads, host, std::move(of_device)};
}

bool computes_bf16(const engine::Device& device) {
  return device.kind == engine::DeviceKind::cuda || cpu::computes_bf16();
}

std::map<std::string, std::string> library_versions() {
  std::map<std::string, std::string> versions;
  for (Versions* of_back_end : kVersions) {
    if (of_back_end) versions.merge(of_back_end());
  }
  return versions;
}

}  // namespace kernels
