#pragma once
#include <cuda_runtime_api.h>

#include <string>

namespace kernels::cuda {

/// A wait of the host for the device, from its construction on. With several ranks the device may itself wait for a
/// rank that is gone, for ever: so all waits are marked by this, and whoever guards them (NcclCommunicator) ends what
/// the device does if one takes too long. A process has one device and one thread that waits for it, so there is one
/// wait at a time.
class DeviceWait {
 public:
  DeviceWait();
  DeviceWait(const DeviceWait&) = delete;
  DeviceWait& operator=(const DeviceWait&) = delete;
  ~DeviceWait();

  // For the guard, on any thread.

  /// How long the wait under way has taken so far; 0 if there is none.
  static double seconds();
  /// What waits throw from now on, as the device's work was ended: they do not have what they waited for. Empty: they
  /// are good again.
  static void fail(const std::string& sentence);
  /// Throws that.
  static void expect_good();

 private:
  bool outermost_;
};

/// These wait for all that was issued on the stream, or before the event. They throw if that was ended.
void await(cudaStream_t stream);
void await(cudaEvent_t event);

}  // namespace kernels::cuda
