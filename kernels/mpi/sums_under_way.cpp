#include "kernels/mpi/sums_under_way.h"

#include <algorithm>
#include <utility>

#include "kernels/mpi/mpi_check.h"
#include "kernels/runtime/add_in_order.h"

namespace kernels {
namespace {

using engine::View;

/// What is summed at once: the parts of the other ranks stay in the cache.
constexpr std::int64_t kPieceBytes = std::int64_t{4} << 20;
/// Pieces that have begun to travel: what others send ahead has to be kept somewhere.
constexpr std::size_t kTravelling = 4;

}  // namespace

SumsUnderWay::SumsUnderWay(MPI_Comm ranks) {
  for (MPI_Comm* own : {&scatter_, &gather_}) {
    MPI_CHECK(MPI_Comm_dup(ranks, own));
    MPI_CHECK(MPI_Comm_set_errhandler(*own, MPI_ERRORS_RETURN));
  }
  MPI_CHECK(MPI_Comm_rank(ranks, &rank_));
  MPI_CHECK(MPI_Comm_size(ranks, &ranks_));
}

void SumsUnderWay::free() {
  MPI_Comm_free(&scatter_);
  MPI_Comm_free(&gather_);
}

void SumsUnderWay::begin(const View& x) {
  with_summed_type("all_reduce", x, [](auto*) {});
  if (pieces_.empty()) begin_ = Clock::now();
  const std::int64_t count = x.shape.elements(), size = static_cast<std::int64_t>(size_of(x.dtype));
  for (std::int64_t first = 0; first < count; first += kPieceBytes / size) {
    pieces_.push_back(
        {.x = {
             static_cast<std::byte*>(x.data) + first * size, x.dtype, {std::min(kPieceBytes / size, count - first)}}});
  }
  advance();
}

bool SumsUnderWay::advance() {
  const auto arrived = [](Piece& piece) {
    int done = 0;
    MPI_CHECK(MPI_Test(&piece.request, &done, MPI_STATUS_IGNORE));
    return done != 0;
  };
  bool next_may_gather = true;
  for (std::size_t i = 0; i < std::min(pieces_.size(), kTravelling); ++i) {
    Piece& piece = pieces_[i];
    if (piece.stage == Stage::waiting) scatter(piece);
    // All ranks must gather the pieces in one order.
    if (piece.stage == Stage::scattering && arrived(piece) && next_may_gather) add_and_gather(piece);
    next_may_gather = next_may_gather && piece.stage == Stage::gathering;
  }
  while (!pieces_.empty() && pieces_.front().stage == Stage::gathering && arrived(pieces_.front())) {
    spare_.push_back(std::move(pieces_.front().received));
    pieces_.pop_front();
    if (pieces_.empty()) seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count();
  }
  return !pieces_.empty();
}

double SumsUnderWay::take_seconds() { return std::exchange(seconds_, 0); }

void SumsUnderWay::scatter(Piece& piece) {
  const std::int64_t count = piece.x.shape.elements(), size = static_cast<std::int64_t>(size_of(piece.x.dtype));
  const auto begin_of = [&](std::int64_t rank) { return static_cast<int>(rank * count / ranks_ * size); };
  for (int rank = 0; rank < ranks_; ++rank) {
    piece.firsts.push_back(begin_of(rank));
    piece.counts.push_back(begin_of(rank + 1) - begin_of(rank));
  }
  const int own = piece.counts[static_cast<std::size_t>(rank_)];
  for (int rank = 0; rank < ranks_; ++rank) {
    piece.own.push_back(own);
    piece.places.push_back(rank * own);
  }
  if (!spare_.empty()) {
    piece.received = std::move(spare_.back());
    spare_.pop_back();
  }
  piece.received.resize(static_cast<std::size_t>(own) * static_cast<std::size_t>(ranks_));
  piece.stage = Stage::scattering;
  MPI_CHECK(MPI_Ialltoallv(piece.x.data, piece.counts.data(), piece.firsts.data(), MPI_BYTE, piece.received.data(),
                           piece.own.data(), piece.places.data(), MPI_BYTE, scatter_, &piece.request));
}

void SumsUnderWay::add_and_gather(Piece& piece) {
  with_summed_type("all_reduce", piece.x, [&]<class T>(T* x) {
    const auto rank = static_cast<std::size_t>(rank_);
    const auto size = static_cast<int>(sizeof(T));
    engine::add_in_order(x + piece.firsts[rank] / size, reinterpret_cast<const T*>(piece.received.data()),
                         piece.counts[rank] / size, ranks_);
  });
  piece.stage = Stage::gathering;
  MPI_CHECK(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, piece.x.data, piece.counts.data(), piece.firsts.data(),
                            MPI_BYTE, gather_, &piece.request));
}

}  // namespace kernels
