#pragma once
#include <cstdint>

#include "kernels/runtime/scratch.h"

namespace kernels::cuda {

/// Temporary memory for vendor libraries, aligned to 256 bytes; the pool guarantees only 128.
class Workspace {
 public:
  Workspace(const engine::Context& context, std::size_t bytes)
      : scratch_(context, bytes > 0 ? bytes + kAlignment : 0), bytes_(bytes) {}
  void* data() const {
    if (bytes_ == 0) return nullptr;
    return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(scratch_.as<void>()) + kAlignment - 1) /
                                   kAlignment * kAlignment);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kAlignment = 256;
  engine::Scratch scratch_;
  std::size_t bytes_;
};

}  // namespace kernels::cuda
