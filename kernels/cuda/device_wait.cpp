#include "kernels/cuda/device_wait.h"

#include <atomic>
#include <chrono>
#include <mutex>

#include "kernels/cuda/check.h"

namespace kernels::cuda {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<Clock::rep> begin{0};  // of the wait under way; 0 without one
std::atomic<bool> failed{false};
std::mutex mutex;
std::string reason;

}  // namespace

DeviceWait::DeviceWait() {
  Clock::rep none = 0;
  outermost_ = begin.compare_exchange_strong(none, Clock::now().time_since_epoch().count());
}
DeviceWait::~DeviceWait() {
  if (outermost_) begin = 0;
}

double DeviceWait::seconds() {
  const Clock::rep since = begin;
  if (since == 0) return 0;
  return std::chrono::duration<double>(Clock::now().time_since_epoch() - Clock::duration(since)).count();
}

void DeviceWait::fail(const std::string& sentence) {
  const std::lock_guard lock(mutex);
  reason = sentence;
  failed = !sentence.empty();
}

void DeviceWait::expect_good() {
  if (!failed) return;
  const std::lock_guard lock(mutex);
  throw engine::Error(reason);
}

void await(cudaStream_t stream) {
  {
    const DeviceWait wait;
    CUDA_CHECK(cudaStreamSynchronize(stream));
  }
  DeviceWait::expect_good();
}

void await(cudaEvent_t event) {
  {
    const DeviceWait wait;
    CUDA_CHECK(cudaEventSynchronize(event));
  }
  DeviceWait::expect_good();
}

}  // namespace kernels::cuda
