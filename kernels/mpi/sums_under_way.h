#pragma once
#include <mpi.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "kernels/runtime/views.h"

namespace kernels {

/// Sums over the ranks that go on while the caller computes and communicates other things. A sum is cut into pieces. Of
/// a piece each rank gets its part from all others, adds it up in the order of the ranks, and sends the sum to all. MPI
/// moves data only inside its functions, so `advance` must be called often.
class SumsUnderWay {
 public:
  /// Collective. The sums have communicators of their own, so that they keep out of other functions' order.
  explicit SumsUnderWay(MPI_Comm ranks);
  void free();  ///< collective, when no sum is left

  /// x becomes the sum of all ranks' x, when `advance` says so; f32, f64 or bf16. All ranks begin the same sums in the
  /// same order.
  void begin(const engine::View& x);
  /// Does what can be done without waiting. Returns whether sums are left.
  bool advance();
  /// For how long there have been sums, since this was called before.
  double take_seconds();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Stage { waiting, scattering, gathering };
  struct Piece {
    engine::View x;  // one-dimensional
    Stage stage = Stage::waiting;
    MPI_Request request = MPI_REQUEST_NULL;
    std::vector<std::byte> received = {};                              // this rank's part, from every rank
    std::vector<int> counts = {}, firsts = {}, own = {}, places = {};  // of parts and of `received`, in bytes
  };
  void scatter(Piece& piece);
  void add_and_gather(Piece& piece);

  MPI_Comm scatter_ = MPI_COMM_NULL, gather_ = MPI_COMM_NULL;
  int rank_ = 0, ranks_ = 1;
  std::deque<Piece> pieces_;  // in the order in which they began, on every rank; none is moved while MPI writes to it
  std::vector<std::vector<std::byte>> spare_;  // buffers
  Clock::time_point begin_;
  double seconds_ = 0;
};

}  // namespace kernels
