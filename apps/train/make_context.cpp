#include "apps/train/make_context.h"

#include <fmt/format.h>

#include <iostream>

#include "apps/run/exit_code.h"
#include "apps/run/thread_choice.h"
#include "kernels/context.h"

namespace apps {
namespace {

ThreadChoice wanted_threads(std::int64_t asked, engine::Communicator& ranks) {
  ThreadOffer offer = ThreadOffer::here();
  offer.sharing = ranks_on_these_processors(ranks);
  return choose_threads(asked, offer);
}

kernels::ContextOptions options(const Compute& compute, engine::Communicator* communicator) {
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
          .threads = communicator == nullptr ? choose_threads(compute.threads).threads
                                             : wanted_threads(compute.threads, *communicator).threads,
          .tf32 = compute.precision == Precision::tf32,
          .repeatable = compute.repeatable,
          .communicator = communicator};
}

/// Says that there are fewer threads than requested, and why: "1 thread, where 2 would be as run.threads says:
/// OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allows no more".
std::string fewer_text(std::int64_t threads, const ThreadChoice& wanted) {
  return fmt::format("{}, where {} would be {}: OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS allows no more",
                     threads_text(threads), wanted.threads, wanted.reason);
}

}  // namespace

engine::Context make_context(const Compute& compute, engine::Communicator* communicator) {
  try {
    return kernels::make_context(options(compute, communicator));
  } catch (const engine::Error& error) { throw UsageError(error.what()); }
}

std::string describe_threads(const engine::Context& context, std::int64_t asked) {
  const ThreadChoice wanted = wanted_threads(asked, context.communicator());
  return context.threads() < wanted.threads ? fewer_text(context.threads(), wanted)
                                            : fmt::format("{}, {}", threads_text(context.threads()), wanted.reason);
}

void warn_of_threads(const engine::Context& context, std::int64_t asked, std::string_view program) {
  const ThreadChoice wanted = wanted_threads(asked, context.communicator());
  if (context.threads() < wanted.threads && context.communicator().rank() == 0)
    std::cerr << program << ": warning: " << fewer_text(context.threads(), wanted) << "; results depend on it\n";
}

}  // namespace apps
