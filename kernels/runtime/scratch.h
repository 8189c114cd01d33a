#pragma once
#include <cstdint>

#include "kernels/runtime/context.h"

namespace engine {

/// Temporary memory of a kernel call, taken from the context's pool and counted by it. Uninitialised, 128-byte aligned.
class Scratch {
 public:
  Scratch(const Context& context, std::size_t bytes) : pool_(context.pool()), block_(pool_.allocate(bytes)) {}
  static Scratch floats(const Context& context, std::int64_t count) {
    return {context, static_cast<std::size_t>(count) * sizeof(float)};
  }
  ~Scratch() { pool_.release(block_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(block_.memory);
  }

 private:
  Pool& pool_;
  Pool::Block block_;
};

}  // namespace engine
