#include "apps/train/make_context.h"

#include <fmt/format.h>

#include <iostream>

#include "apps/run/exit_code.h"
#include "apps/run/thread_choice.h"
#include "kernels/context.h"

namespace apps {
namespace {

kernels::ContextOptions options(const Compute& compute) {
  const engine::Device& device = compute.device;
  switch (compute.precision) {
    case Precision::fp32: break;
    case Precision::tf32:
      EXPECTS(device.kind == engine::DeviceKind::cuda,
              "--precision tf32 is a mode of GPUs; on the CPU use fp32 or bf16");
      break;
    case Precision::bf16:
      EXPECTS(
          kernels::computes_bf16(device),
          "--precision bf16 needs a processor with avx512_bf16 or amx, and this one has neither; use --precision fp32");
      break;
  }
  return {.device = device,
          .threads = choose_threads(compute.threads).threads,
          .tf32 = compute.precision == Precision::tf32,
          .repeatable = compute.repeatable};
}

/// Says that there are fewer threads than requested, and why: "1 thread, where 2 would be as run.threads says:
/// OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allows no more".
std::string fewer_text(std::int64_t threads, const ThreadChoice& wanted) {
  return fmt::format("{}, where {} would be {}: OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allows no more",
                     threads_text(threads), wanted.threads, wanted.reason);
}

}  // namespace

engine::Context make_context(const Compute& compute) {
  try {
    return kernels::make_context(options(compute));
  } catch (const engine::Error& error) { throw UsageError(error.what()); }
}

std::string describe_threads(const engine::Context& context, std::int64_t asked) {
  const ThreadChoice wanted = choose_threads(asked);
  return context.threads() < wanted.threads ? fewer_text(context.threads(), wanted)
                                            : fmt::format("{}, {}", threads_text(context.threads()), wanted.reason);
}

void warn_of_threads(const engine::Context& context, std::int64_t asked, std::string_view program) {
  const ThreadChoice wanted = choose_threads(asked);
  if (context.threads() < wanted.threads)
    std::cerr << program << ": warning: " << fewer_text(context.threads(), wanted) << "; results depend on it\n";
}

}  // namespace apps
