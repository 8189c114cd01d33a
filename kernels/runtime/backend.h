#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "kernels/runtime/device.h"

namespace engine {

enum class CopyKind { host_to_device, device_to_host, device_to_device };

/// Bytes of host memory, and where they go in an upload of several.
struct HostPiece {
  const void* data;
  std::size_t bytes;
  std::size_t offset;  ///< in the destination
};

/// A copy from the device to the host in flight.
class Readback {
 public:
  virtual ~Readback() = default;
  /// Whether the copy is complete; does not wait.
  virtual bool arrived() const = 0;
  /// Waits for the copy if necessary and returns the bytes, which live as long as this object.
  virtual const void* wait() const = 0;
};

/// Work that was captured as a CUDA graph: one call issues all of it.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  virtual void launch() = 0;
};

/// The services of a device below the kernels: memory and copies, in the order of the context's stream. Implemented in
/// kernels/cpu and kernels/cuda, together with the vendor handles.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Device device() const = 0;
  /// The hardware for which timings of algorithms are valid: a GPU's name and size, or the instruction set for which
  /// the CPU kernels were compiled (a package has several). The CPU's own name is not part of it.
  virtual std::string model() const { return {}; }
  /// Memory from the system, aligned to at least 128 bytes; nullptr when memory is exhausted.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* memory, std::size_t bytes) noexcept = 0;
  virtual std::size_t free_bytes() const = 0;
  /// On return the host's buffer belongs to the caller again: a source has been read, a destination is filled. So a
  /// copy to the host waits for the device, and a copy to the device does not.
  virtual void copy(void* to, const void* from, std::size_t bytes, CopyKind kind) = 0;
  /// Copies the pieces into the `bytes` at `to`, of which those between the pieces become undefined; the host's memory
  /// belongs to the caller again on return. Later work finds them there, as after `copy`, but they may be under way
  /// while the device still does earlier work: for batches, each as large as the one before, which a step waits for.
  virtual void upload_ahead(void* to, std::size_t bytes, std::span<const HostPiece> pieces);
  /// Starts a copy to the host, in stream order: it copies what `from` contains after all work issued before.
  virtual std::unique_ptr<Readback> read(const void* from, std::size_t bytes) = 0;
  virtual void fill_zero(void* memory, std::size_t bytes) = 0;
  /// Waits for all work issued on the context so far.
  virtual void synchronize() = 0;
  /// The device's time in milliseconds for the work that `issue` issues; waits for its end. Uses the host's clock,
  /// unless the device has its own.
  virtual double time_ms(const std::function<void()>& issue);
  /// Captures the work that `issue` issues as a graph, without running it; null if the device has no graphs. `issue`
  /// must not wait for the device, and its memory comes from the pool's Arena.
  virtual std::unique_ptr<DeviceGraph> capture([[maybe_unused]] const std::function<void()>& issue) { return nullptr; }
  /// Names the work issued until the matching `end_range` for a tracing tool; does nothing on devices without one.
  virtual void begin_range(const char*) {}
  virtual void end_range() {}
  /// Starts or stops a profiling tool that waits for this call. False if the device has no such tool.
  virtual bool collect_profile(bool) { return false; }
};

}  // namespace engine
