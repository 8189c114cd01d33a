#include "kernels/mpi/mpi_communicator.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>

#include "kernels/mpi/join_by_mpi.h"
#include "kernels/mpi/mpi_check.h"
#include "kernels/runtime/add_in_order.h"
#include "kernels/runtime/collective_views.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/launch.h"

namespace kernels {
namespace {

using engine::Dtype;
using engine::View;
using engine::whole_bytes;

/// Up to here every rank gets the values of all others and sums them itself: one message instead of two.
constexpr std::int64_t kSmallBytes = 16 << 10;

/// The bytes of each rank's part; MPI counts in int.
int part_size(const char* name, const View& x, int ranks) {
  const std::int64_t bytes = engine::part_bytes(name, x, ranks);
  EXPECTS(bytes <= INT_MAX, name, ": a rank's part may have ", INT_MAX, " bytes at most, got ", bytes);
  return static_cast<int>(bytes);
}

}  // namespace

MpiCommunicator::MpiCommunicator() {
  MPI_CHECK(MPI_Comm_dup(MPI_COMM_WORLD, &comm_));
  MPI_CHECK(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
  MPI_CHECK(MPI_Comm_rank(comm_, &rank_));
  MPI_CHECK(MPI_Comm_size(comm_, &ranks_));
  sums_.emplace(comm_);
}

std::byte* MpiCommunicator::scratch(std::int64_t bytes) {
  if (static_cast<std::int64_t>(scratch_.size()) < bytes) scratch_.resize(static_cast<std::size_t>(bytes));
  return scratch_.data();
}

/// Waits until done() is not false. Ranks that share processors must not spin while they wait.
template <class Done>
void MpiCommunicator::wait_for(const Done& done) {
  using Clock = std::chrono::steady_clock;
  constexpr double kYieldSeconds = 2e-3;
  constexpr useconds_t kPauseUs = 50;
  const Clock::time_point begin = Clock::now();
  // Rank 0 speaks for all; the others only if it is the one that is gone.
  const double patience = patience_seconds_ + (rank_ > 0 ? 3 : 0);
  for (;;) {
    if (done()) return;
    const double waited = std::chrono::duration<double>(Clock::now() - begin).count();
    if (waited < kYieldSeconds) {
      sched_yield();
      continue;
    }
    EXPECTS(waited < patience, "rank ", rank_, " has waited ", patience, " s for the other ", ranks_ - 1,
            ranks_ == 2 ? " rank" : " ranks",
            ", of which one ended, hangs, or needs longer than --rank-timeout; what the last checkpoint holds is "
            "kept, go on with --resume");
    usleep(kPauseUs);
  }
}

/// Sums that have begun go on meanwhile.
void MpiCommunicator::wait(MPI_Request request) {
  wait_for([&] {
    int done = 0;
    MPI_CHECK(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
    if (done == 0) sums_->advance();
    return done != 0;
  });
}

/// The sum over the ranks of what each holds for this one: x has a part of `count` elements per rank.
template <class T>
void MpiCommunicator::sum_parts(T* x, std::int64_t count) {
  const auto bytes = static_cast<int>(count * static_cast<std::int64_t>(sizeof(T)));
  auto* const received = reinterpret_cast<T*>(scratch(std::int64_t{bytes} * ranks_));
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_CHECK(MPI_Ialltoall(x, bytes, MPI_BYTE, received, bytes, MPI_BYTE, comm_, &request));
  wait(request);
  engine::add_in_order(x + rank_ * count, received, count, ranks_);
}

void MpiCommunicator::all_reduce(const View& x) {
  if (whole_bytes(x) > kSmallBytes) {
    sums_->begin(x);
    return wait_for([&] { return !sums_->advance(); });
  }
  with_summed_type("all_reduce", x, [&]<class T>(T* values) {
    const auto bytes = static_cast<int>(whole_bytes(x));
    auto* const received = reinterpret_cast<T*>(scratch(std::int64_t{bytes} * ranks_));
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_CHECK(MPI_Iallgather(values, bytes, MPI_BYTE, received, bytes, MPI_BYTE, comm_, &request));
    wait(request);
    engine::add_in_order(values, received, x.shape.elements(), ranks_);
  });
}

void MpiCommunicator::begin_all_reduce(const View& x) { sums_->begin(x); }

double MpiCommunicator::finish_all_reduces() {
  const auto begin = std::chrono::steady_clock::now();
  wait_for([&] { return !sums_->advance(); });
  const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return std::max(0.0, sums_->take_seconds() - waited);
}

void MpiCommunicator::reduce_scatter(const View& x) {
  part_size("reduce_scatter", x, ranks_);
  with_summed_type("reduce_scatter", x, [&](auto* values) { sum_parts(values, x.shape.elements() / ranks_); });
}

void MpiCommunicator::all_gather(const View& x) {
  const int bytes = part_size("all_gather", x, ranks_);
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_CHECK(MPI_Iallgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x.data, bytes, MPI_BYTE, comm_, &request));
  wait(request);
}

void MpiCommunicator::broadcast(const View& x, int from) {
  constexpr std::int64_t kMost = std::int64_t{1} << 30;  // MPI counts in int
  auto* at = static_cast<std::byte*>(x.data);
  for (std::int64_t left = whole_bytes(x); left > 0; left -= kMost, at += kMost) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_CHECK(MPI_Ibcast(at, static_cast<int>(std::min(left, kMost)), MPI_BYTE, from, comm_, &request));
    wait(request);
  }
}

std::int64_t MpiCommunicator::highest(std::int64_t value) {
  own_value_ = value;  // members: MPI may still write when `wait` has given up
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_CHECK(MPI_Iallreduce(&own_value_, &highest_value_, 1, MPI_INT64_T, MPI_MAX, comm_, &request));
  wait(request);
  return highest_value_;
}

std::vector<std::string> MpiCommunicator::exchange(const std::string& text) {
  const auto longest = static_cast<std::size_t>(highest(static_cast<std::int64_t>(text.size())));
  const auto ranks = static_cast<std::size_t>(ranks_);
  std::vector<std::int64_t> sizes(ranks);
  sizes[static_cast<std::size_t>(rank_)] = static_cast<std::int64_t>(text.size());
  all_gather({sizes.data(), Dtype::i64, {ranks_}});
  std::string all(ranks * longest, '\0');
  text.copy(all.data() + static_cast<std::size_t>(rank_) * longest, text.size());
  all_gather({all.data(), Dtype::u8, {ranks_, static_cast<std::int64_t>(longest)}});
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < ranks; ++rank)
    texts.push_back(all.substr(rank * longest, static_cast<std::size_t>(sizes[rank])));
  return texts;
}

void MpiCommunicator::leave() {
  patience_seconds_ = 1e9;  // rank 0 may still be drawing plots
  barrier();
  sums_->free();
  MPI_Comm_free(&comm_);
  MPI_Finalize();
}

void MpiCommunicator::abort(int exit_code) { MPI_Abort(MPI_COMM_WORLD, exit_code); }

std::unique_ptr<engine::Communicator> join_by_mpi(const engine::Launch& launch) {
  int provided = 0;
  MPI_CHECK(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
  auto communicator = std::make_unique<MpiCommunicator>();
  EXPECTS(
      communicator->ranks() == launch.ranks, launch.by, " started this as one of ", launch.ranks,
      " processes, and MPI knows of ", communicator->ranks(),
      ": start it with the mpirun of the MPI that this program was built with, with `srun --mpi=pmix`, or with srun "
      "and MASTER_ADDR and MASTER_PORT set");
  return communicator;
}

}  // namespace kernels
