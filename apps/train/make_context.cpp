#include "apps/train/make_context.h"

#include <fmt/format.h>

#include <iostream>

#include "apps/run/exit_code.h"
#include "apps/run/precision.h"
#include "apps/run/thread_choice.h"
#include "kernels/context.h"

namespace apps {
namespace {

kernels::ContextOptions options(const Config& config) {
  const engine::Device device = engine::Device::parse(config.run.device);
  const bool tf32 = config.run.precision == "tf32";
  EXPECTS(!tf32 || device.kind == engine::DeviceKind::cuda,
          "--precision tf32 is a mode of GPUs; on the CPU use fp32 or bf16");
  EXPECTS(activation_dtype(config) == engine::Dtype::f32 || kernels::computes_bf16(device),
          "--precision bf16 needs a processor with avx512_bf16 or amx, and this one has neither; use --precision fp32");
  return {.device = device,
          .threads = choose_threads(config.run.threads).threads,
          .tf32 = tf32,
          .repeatable = config.run.repeatable};
}

/// "1 thread, where 2 would be as run.threads says: OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allows no more"
std::string fewer_text(std::int64_t threads, const ThreadChoice& wanted) {
  return fmt::format("{}, where {} would be {}: OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allows no more",
                     threads_text(threads), wanted.threads, wanted.reason);
}

}  // namespace

engine::Context make_context(const Config& config) {
  try {
    return kernels::make_context(options(config));
  } catch (const engine::Error& error) { throw UsageError(error.what()); }
}

std::string describe_threads(const engine::Context& context, const Config& config) {
  const ThreadChoice wanted = choose_threads(config.run.threads);
  return context.threads() < wanted.threads ? fewer_text(context.threads(), wanted)
                                            : fmt::format("{}, {}", threads_text(context.threads()), wanted.reason);
}

void warn_of_threads(const engine::Context& context, const Config& config, std::string_view program) {
  const ThreadChoice wanted = choose_threads(config.run.threads);
  if (context.threads() < wanted.threads)
    std::cerr << program << ": warning: " << fewer_text(context.threads(), wanted) << "; results depend on it\n";
}

}  // namespace apps
