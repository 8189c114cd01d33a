// The interpreter as a program's GPU: kernels run in one schedule, and only when the host waits for them.
#include "kernels/cuda/make_backend.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/device_wait.h"
#include "kernels/cuda/nccl_communicator.h"
#include "tests/simt/interpreter/launch.h"
#include "tests/simt/interpreter/stream.h"

namespace kernels::cuda {

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options) {
  simt::options().schedules = {{simt::Order::forward}};
  simt::pace() = simt::Pace::when_awaited;
  return std::make_unique<CudaBackend>(options.device.index, Arithmetic{.repeatable = options.repeatable});
}

namespace {

/// A GPU works while its host waits for the other ranks' hosts; the interpreter has to be told.
class WorksMeanwhile final : public engine::Communicator {
 public:
  WorksMeanwhile(cudaStream_t stream, engine::Communicator& host) : nccl_(stream, host) {}
  int rank() const override { return nccl_.rank(); }
  int ranks() const override { return nccl_.ranks(); }
  void all_reduce(const engine::View& x) override { nccl_.all_reduce(x); }
  void all_gather(const engine::View& x) override { nccl_.all_gather(x); }
  void reduce_scatter(const engine::View& x) override { nccl_.reduce_scatter(x); }
  void broadcast(const engine::View& x, int from) override { nccl_.broadcast(x, from); }
  std::int64_t highest(std::int64_t value) override {
    work();
    return nccl_.highest(value);
  }
  std::vector<std::string> exchange(const std::string& text) override {
    work();
    return nccl_.exchange(text);
  }
  double patience() const override { return nccl_.patience(); }
  void set_patience(double seconds) override { nccl_.set_patience(seconds); }
  void leave() override { nccl_.leave(); }
  void abort(int exit_code) override { nccl_.abort(exit_code); }

 private:
  static void work() {
    {
      const DeviceWait wait;
      simt::await_all();
    }
    DeviceWait::expect_good();
  }

  NcclCommunicator nccl_;
};

}  // namespace

std::unique_ptr<engine::Communicator> connect(engine::Backend& backend, engine::Communicator& host) {
  return std::make_unique<WorksMeanwhile>(static_cast<CudaBackend&>(backend).stream(), host);
}

std::map<std::string, std::string> library_versions() { return {{"SIMT interpreter", "1"}}; }

}  // namespace kernels::cuda
