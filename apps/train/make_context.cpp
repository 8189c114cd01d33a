#include "apps/train/make_context.h"

#include "apps/run/exit_code.h"
#include "apps/run/precision.h"
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
          .threads = static_cast<int>(config.run.threads),
          .tf32 = tf32,
          .repeatable = config.run.repeatable};
}

}  // namespace

engine::Context make_context(const Config& config) {
  try {
    return kernels::make_context(options(config));
  } catch (const engine::Error& error) { throw UsageError(error.what()); }
}

}  // namespace apps
