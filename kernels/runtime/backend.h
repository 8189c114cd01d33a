#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "kernels/runtime/device.h"
#include "kernels/runtime/timed_choices.h"

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

/// Work of a device that was recorded once (a CUDA graph) and is done again by one call.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

/// What a device must offer below the kernels: memory and copies, in the order of the context's stream.
/// Implemented in kernels/cpu and kernels/cuda, where vendor handles live beside it.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Device device() const = 0;
  /// What decides which way is fast and how results round: a GPU by its name and size; of a CPU, which others name, the
  /// instructions that its kernels are compiled for, as a package has them for several.
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
  /// What it decides by timing; null when that is nothing.
  virtual TimedChoices* timed_choices() { return nullptr; }
  /// Milliseconds that the device takes for what `issue` issues; waits for the end. By the host's clock, unless the
  /// device has one of its own.
  virtual double time_ms(const std::function<void()>& issue);
  /// What `issue` issues, recorded instead of done; null where the device has no such thing. Under the pool's Arena,
  /// and with nothing in `issue` that waits for the device.
  virtual std::unique_ptr<Recording> record([[maybe_unused]] const std::function<void()>& issue) { return nullptr; }
  /// Names what is issued until the matching `end_range` for a tracing tool; nothing where there is none.
  virtual void begin_range(const char*) {}
  virtual void end_range() {}
  /// Starts or stops a profiling tool that was told to wait for it. False where there is no such thing.
  virtual bool collect_profile(bool) { return false; }
};

}  // namespace engine
