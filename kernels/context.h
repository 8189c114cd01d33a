#pragma once
#include <cstdint>
#include <functional>
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

/// Whether kernels with several ways to the same result time those of each new problem and go on with the fastest. Off
/// at first: a fixed rule decides. How results round depends on the way.
void time_new_choices(const engine::Context& context, bool on);
/// Has `ask` called before a problem is timed: what it returns is taken up for problems that are new here.
void ask_before_timing(const engine::Context& context, std::function<std::map<std::string, std::string>()> ask);
/// The timed choices that were made use of, problem -> way: {"conv2d_forward x=64x28x28x64 ...", "winograd"}.
std::map<std::string, std::string> timed_choices(const engine::Context& context);
/// Takes up earlier choices instead of timing; those that this build cannot follow are passed over.
void restore_choices(const engine::Context& context, const std::map<std::string, std::string>& choices);

/// Name -> version of the vendor libraries behind the kernels, as loaded: {"oneDNN", "2.6.3"}.
std::map<std::string, std::string> library_versions();

}  // namespace kernels
