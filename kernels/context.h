#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "kernels/runtime/context.h"

namespace kernels {

struct ContextOptions {
  engine::Device device;
  /// CPU threads, at most Context::kMostThreads; 0: one per processor that this process may use. OpenMP's own limits
  /// may allow fewer; the context then has fewer.
  std::int64_t threads = 0;
  bool tf32 = false;  ///< whether a GPU may round operands of f32 products to a 10-bit mantissa; a CPU does not
  /// Whether a GPU returns the same bits every time. If not, convolutions may add in a nondeterministic order.
  bool repeatable = true;
  /// With the other ranks of a run, or null if there are none; must outlive the context. Then the contexts of all ranks
  /// are made together. On GPUs each rank takes the one of its number on its machine, whatever `device` says of it.
  engine::Communicator* communicator = nullptr;
};

/// Creates the context of a device. Throws if this build or machine does not have the device or cannot start the
/// threads.
engine::Context make_context(const ContextOptions& options = {});

/// Whether the device has bf16 instructions. Every supported GPU has them; a CPU needs AMX or AVX512_BF16.
bool computes_bf16(const engine::Device& device);

/// Name -> version of the loaded vendor libraries: {"oneDNN", "2.6.3"}.
std::map<std::string, std::string> library_versions();

}  // namespace kernels
