#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "kernels/runtime/device.h"

namespace engine {

enum class CopyKind { host_to_device, device_to_host, device_to_device };

/// Bytes on their way from the device to the host.
class Readback {
 public:
  virtual ~Readback() = default;
  /// Whether they are there; does not wait.
  virtual bool arrived() const = 0;
  /// The bytes, waiting for them if need be. They stay until this goes.
  virtual const void* wait() const = 0;
};

/// Work that was captured as a CUDA graph: one call issues all of it.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  virtual void launch() = 0;
};

/// What a device must offer below the kernels: memory and copies, in the order of the context's stream.
/// Implemented in kernels/cpu and kernels/cuda, where vendor handles live beside it.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Device device() const = 0;
  /// What timings of algorithms hold for: a GPU's name and size, or the instruction set that the CPU's kernels were
  /// compiled for (a package has several). The model of the CPU is not part of it.
  virtual std::string model() const { return {}; }
  /// Memory from the system, aligned to 128 bytes or more; nullptr when there is none left.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* memory, std::size_t bytes) noexcept = 0;
  virtual std::size_t free_bytes() const = 0;
  /// The host's side is the caller's own when this returns: what it sends has been read, what it receives has arrived.
  /// So a copy to the host waits for the device, and a copy to the device does not.
  virtual void copy(void* to, const void* from, std::size_t bytes, CopyKind kind) = 0;
  /// Starts a copy to the host, of what `from` holds after all that was issued before.
  virtual std::unique_ptr<Readback> read(const void* from, std::size_t bytes) = 0;
  virtual void fill_zero(void* memory, std::size_t bytes) = 0;
  /// Returns when everything issued on the context so far is done.
  virtual void synchronize() = 0;
  /// Milliseconds that the device takes for what `issue` issues; waits for the end. By the host's clock, unless the
  /// device has one of its own.
  virtual double time_ms(const std::function<void()>& issue);
  /// Captures what `issue` issues as a graph, without doing it; null where the device has no graphs. `issue` must not
  /// wait for the device, and its memory comes from the pool's Arena.
  virtual std::unique_ptr<DeviceGraph> capture([[maybe_unused]] const std::function<void()>& issue) { return nullptr; }
  /// Names what is issued until the matching `end_range` for a tracing tool; nothing where there is none.
  virtual void begin_range(const char*) {}
  virtual void end_range() {}
  /// Starts or stops a profiling tool that was told to wait for it. False where there is no such thing.
  virtual bool collect_profile(bool) { return false; }
};

}  // namespace engine
