#pragma once
#include "engine/core/context.h"

namespace kernels::cpu {

/// Floats from the context's pool for the duration of one kernel; uninitialised, aligned to 128 bytes.
class Scratch {
 public:
  Scratch(const engine::Context& context, std::int64_t count)
      : pool_(context.pool()), block_(pool_.allocate(static_cast<std::size_t>(count) * sizeof(float))) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { pool_.release(block_); }

  float* data() const { return static_cast<float*>(block_.memory); }

 private:
  engine::Pool& pool_;
  engine::Pool::Block block_;
};

}  // namespace kernels::cpu
