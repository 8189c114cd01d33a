#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/runtime/communicator.h"
#include "kernels/runtime/launch.h"
#include "kernels/tcp/socket.h"

namespace kernels {

/// Ranks that communicate by TCP, with memory of the host. Each is connected to rank 0 alone, which adds in the order
/// of the ranks and passes on. So rank 0's network carries everything: enough for decisions and texts, and slower than
/// MPI for the sums of a network's gradients. Every wait is bounded, as MpiCommunicator's are.
class TcpCommunicator final : public engine::Communicator {
 public:
  /// Waits up to `patience` seconds for the others. Throws if they do not come, or do not belong to these ranks.
  TcpCommunicator(int rank, int ranks, const engine::Meeting& meeting, double patience);
  /// Rank 0, where it listens already.
  TcpCommunicator(Socket listening, int ranks, double patience);

  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }
  void all_reduce(const engine::View& x) override;
  void all_gather(const engine::View& x) override;
  void reduce_scatter(const engine::View& x) override;
  void broadcast(const engine::View& x, int from) override;
  std::int64_t highest(std::int64_t value) override;
  std::vector<std::string> exchange(const std::string& text) override;
  double patience() const override { return patience_seconds_; }
  /// May be called while another thread waits: it then waits no longer than this.
  void set_patience(double seconds) override { patience_seconds_ = seconds; }
  void leave() override;
  void abort(int exit_code) override;

 private:
  enum class Kind : std::uint32_t { all_reduce = 1, all_gather, reduce_scatter, broadcast, highest, exchange, abort };
  struct Header {
    Kind kind;
    std::uint32_t detail;  // the root of a broadcast, the exit code of an abort
    std::uint64_t bytes;   // of the whole view, the same on all ranks, but for texts: of this one
  };

  struct Part {
    void* data;
    std::size_t bytes;
  };

  void join(const engine::Meeting& meeting);
  void gather_ranks(const Socket& listening, const std::string& place);
  Socket& socket_of(int rank) { return sockets_[static_cast<std::size_t>(rank_ == 0 ? rank : 0)]; }
  StillWaiting patiently(int for_rank) const;
  void send(int to, const void* data, std::size_t bytes);
  void receive(int from, void* data, std::size_t bytes);
  void send_header(int to, const Header& header);
  Header receive_header(int from, const Header& own);
  [[noreturn]] void lost(int other) const;
  template <class T>
  void add_others(const Header& own, T* x);
  void sum_on_rank_0(const char* name, const Header& own, const engine::View& x);
  void return_parts(const Header& own, const std::function<Part(int rank)>& part_for);
  Part part_of(const engine::View& x, int rank) const;
  std::byte* scratch(std::size_t bytes);

  int rank_ = 0, ranks_ = 1;
  std::atomic<double> patience_seconds_;
  std::vector<Socket> sockets_;  // of rank 0: one for each rank, its own is not open; of the others: that to rank 0
  std::vector<std::byte> scratch_;
};

}  // namespace kernels
