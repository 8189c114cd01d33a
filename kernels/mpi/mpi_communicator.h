#pragma once
#include <mpi.h>

#include <optional>

#include "kernels/mpi/sums_under_way.h"
#include "kernels/runtime/communicator.h"

namespace kernels {

/// Ranks that communicate by MPI, with memory of the host. Sums are made here, in the order of the ranks, as MPI's own
/// reductions promise no order. Every wait is bounded: MPI itself would wait for ever for a rank that is gone.
class MpiCommunicator final : public engine::Communicator {
 public:
  MpiCommunicator();  ///< of all processes that MPI knows; MPI must be initialised

  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }
  void all_reduce(const engine::View& x) override;
  void begin_all_reduce(const engine::View& x) override;
  double finish_all_reduces() override;
  void all_gather(const engine::View& x) override;
  void reduce_scatter(const engine::View& x) override;
  void broadcast(const engine::View& x, int from) override;
  std::int64_t highest(std::int64_t value) override;
  std::vector<std::string> exchange(const std::string& text) override;
  double patience() const override { return patience_seconds_; }
  void set_patience(double seconds) override { patience_seconds_ = seconds; }
  void leave() override;
  void abort(int exit_code) override;

 private:
  template <class T>
  void sum_parts(T* x, std::int64_t count);
  template <class Done>
  void wait_for(const Done& done);
  void wait(MPI_Request request);
  std::byte* scratch(std::int64_t bytes);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, ranks_ = 1;
  double patience_seconds_ = 600;
  std::optional<SumsUnderWay> sums_;
  std::vector<std::byte> scratch_;                  // what the others send
  std::int64_t own_value_ = 0, highest_value_ = 0;  // of `highest`
};

}  // namespace kernels
