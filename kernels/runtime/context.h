#pragma once
#include <memory>

#include "kernels/runtime/algorithm_cache.h"
#include "kernels/runtime/backend.h"
#include "kernels/runtime/communicator.h"
#include "kernels/runtime/pool.h"
#include "kernels/runtime/profile.h"

namespace engine {

/// One device with its back end (stream, vendor handles), memory pool, profiler and timed algorithms. It is passed
/// explicitly, must outlive every tensor made with it, cannot be copied, and is used by one thread at a time. Created
/// by `kernels::make_context`.
class Context {
 public:
  /// `communicator`: with the other ranks, whose contexts are on devices of the same kind; null if there are none. It
  /// must outlive the context. `of_device`: in its place, one that works on the memory of a device which is not the
  /// host's; null if there is no such.
  Context(std::unique_ptr<Backend> backend, int threads, Communicator* communicator = nullptr,
          std::unique_ptr<Communicator> of_device = nullptr)
      : backend_(std::move(backend)),
        threads_(threads),
        communicator_(of_device                 ? of_device.get()
                      : communicator == nullptr ? &alone_
                                                : communicator),
        pool_(std::make_unique<Pool>(*backend_)),
        of_device_(std::move(of_device)) {}

  Context(Context&&) = delete;

  Device device() const { return backend_->device(); }
  bool on_cuda() const { return device().kind == DeviceKind::cuda; }
  static constexpr int kMostThreads = 4096;
  /// Host threads of CPU kernels: the number that was really started. Results depend on it.
  int threads() const { return threads_; }
  Backend& backend() const { return *backend_; }
  Pool& pool() const { return *pool_; }
  Profiler& profiler() const { return *profiler_; }
  AlgorithmCache& algorithms() const { return *algorithms_; }
  Communicator& communicator() const { return *communicator_; }
  int ranks() const { return communicator_->ranks(); }

 private:
  std::unique_ptr<Backend> backend_;
  int threads_;
  OneRank alone_;
  Communicator* communicator_;
  std::unique_ptr<Profiler> profiler_ = std::make_unique<Profiler>();
  std::unique_ptr<AlgorithmCache> algorithms_ = std::make_unique<AlgorithmCache>();
  std::unique_ptr<Pool> pool_;  // its destructor uses the backend
  // Declared last: after an error it ends the device's waits for other ranks, for which the others' destructors wait.
  std::unique_ptr<Communicator> of_device_;
};

}  // namespace engine
