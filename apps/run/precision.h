#pragma once
#include "apps/run/config.h"
#include "kernels/runtime/dtype.h"

namespace apps {

/// What images and activations are in, and what layers therefore compute in. Parameters, gradients and losses are f32.
inline engine::Dtype activation_dtype(const Config& config) {
  return config.run.precision == "bf16" ? engine::Dtype::bf16 : engine::Dtype::f32;
}

}  // namespace apps
