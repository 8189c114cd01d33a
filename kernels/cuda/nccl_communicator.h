#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kernels/cuda/nccl.h"
#include "kernels/runtime/communicator.h"

namespace kernels::cuda {

/// Ranks with a GPU each, which communicate by NCCL: what works on views is issued on the context's stream, and so may
/// be captured in a CUDA graph, on all ranks or on none. What the ranks decide and tell each other goes through `host`.
///
/// NCCL chooses by itself how it adds, by the number of bytes and by how the GPUs are connected. Promised is what NCCL
/// does: every rank gets the same bytes. Not promised is the order of the ranks, so that sums round in another way than
/// those of MPI; nor the same bytes on other machines, with another NCCL or with other NCCL_ variables.
///
/// NCCL itself waits for ever for a rank that is gone. So a thread looks after every wait of the host for the device
/// (DeviceWait): if one takes longer than `patience`, or if NCCL reports an error, it ends NCCL's work; the wait then
/// throws. If even that hangs, it ends the process.
class NcclCommunicator final : public engine::Communicator {
 public:
  /// Collective. `host` must outlive this object. Throws if NCCL is missing or cannot connect the ranks' devices.
  NcclCommunicator(cudaStream_t stream, engine::Communicator& host);
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;
  /// Collective, unless an exception is under way: that rank ends what it has issued and waits for nobody.
  ~NcclCommunicator() override;

  int rank() const override { return host_.rank(); }
  int ranks() const override { return host_.ranks(); }
  void all_reduce(const engine::View& x) override;
  void all_gather(const engine::View& x) override;
  void reduce_scatter(const engine::View& x) override;
  void broadcast(const engine::View& x, int from) override;
  std::int64_t highest(std::int64_t value) override { return host_.highest(value); }
  std::vector<std::string> exchange(const std::string& text) override { return host_.exchange(text); }
  double patience() const override { return host_.patience(); }
  void set_patience(double seconds) override;
  void leave() override { host_.leave(); }
  void abort(int exit_code) override { host_.abort(exit_code); }

 private:
  nccl::Id shared_id() const;
  void issue(const char* name, const std::function<nccl::Result()>& call);
  double limit() const;
  void watch(const std::stop_token& stop);
  [[noreturn]] void fail(const std::string& sentence);
  void end(const std::string& sentence);
  void forget_end();

  const nccl::Functions& nccl_;
  cudaStream_t stream_;
  engine::Communicator& host_;
  int exceptions_;  // under way when this was made
  std::atomic<double> patience_seconds_;
  std::mutex mutex_;            // of what follows
  nccl::Comm* comm_ = nullptr;  // null once its work was ended
  std::condition_variable_any stopped_;
  std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);  // nothing can hang any more
  std::jthread watch_;  // declared last: it uses all others
};

}  // namespace kernels::cuda
