#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "kernels/runtime/context.h"

namespace kernels {

struct ContextOptions {
  engine::Device device;
  /// CPU threads, at most Context::kMostThreads; 0: one per processor that this process may use. The context has fewer
  /// where OpenMP's own limits allow no more.
  std::int64_t threads = 0;
  bool tf32 = false;  ///< whether a GPU may round the operands of f32 products to 10 bits of mantissa; a CPU does not
  /// Whether a GPU gives the same bits every time. Without, convolutions may add in an order that is left to chance.
  bool repeatable = true;
};

/// Makes the context of a device. Throws when this build or machine does not have it, or cannot start the threads.
engine::Context make_context(const ContextOptions& options = {});

/// Whether the device has instructions for bf16, as every GPU here has: on a CPU AMX, or those of AVX-512.
bool computes_bf16(const engine::Device& device);

/// Name -> version of the vendor libraries behind the kernels, as loaded: {"oneDNN", "2.6.3"}.
std::map<std::string, std::string> library_versions();

}  // namespace kernels
