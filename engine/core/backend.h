#pragma once
#include <cstddef>

#include "engine/core/device.h"

namespace engine {

enum class CopyKind { host_to_device, device_to_host, device_to_device };

/// What a device must offer below the kernels: memory and copies, in the order of the context's stream.
/// Implemented in kernels/cpu and kernels/cuda, where vendor handles live beside it.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Device device() const = 0;
  /// Memory from the system, aligned to 128 bytes or more; nullptr when there is none left.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* memory, std::size_t bytes) noexcept = 0;
  virtual std::size_t free_bytes() const = 0;
  virtual void copy(void* to, const void* from, std::size_t bytes, CopyKind kind) = 0;
  virtual void fill_zero(void* memory, std::size_t bytes) = 0;
  /// Returns when everything issued on the context so far is done.
  virtual void synchronize() = 0;
};

}  // namespace engine
