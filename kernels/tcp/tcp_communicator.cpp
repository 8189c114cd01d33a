#include "kernels/tcp/tcp_communicator.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "kernels/runtime/add_in_order.h"
#include "kernels/runtime/collective_views.h"
#include "kernels/runtime/error.h"

namespace kernels {
namespace {

using engine::View;
using Clock = std::chrono::steady_clock;

/// What a process says when it comes: others may connect to a port by mistake.
struct Greeting {
  char name[8] = {'a', 'n', 't', 'i', 'p', 'o', 'd', 'e'};
  std::int32_t version = 1, rank = 0, ranks = 0;
};
/// The answer of rank 0.
struct Answer {
  std::int32_t welcome = 0;
  std::int32_t ranks = 0;
};

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;  // of what is summed at once
constexpr double kGreetingSeconds = 5;                     // who has connected has something to say
constexpr double kEndSeconds = 1;  // by how much one that does not listen may delay the end of all

bool is_local(const std::string& host) { return host == "localhost" || host.starts_with("127."); }

std::uint64_t bytes_of(const View& x) { return static_cast<std::uint64_t>(engine::whole_bytes(x)); }

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// "ranks 1, 3" of those that have no socket.
std::string missing(const std::vector<Socket>& sockets) {
  std::string list;
  int count = 0;
  for (std::size_t rank = 1; rank < sockets.size(); ++rank) {
    if (sockets[rank].open()) continue;
    list += engine::concat(list.empty() ? "" : ", ", rank);
    ++count;
  }
  return (count == 1 ? "rank " : "ranks ") + list;
}

}  // namespace

TcpCommunicator::TcpCommunicator(int rank, int ranks, const engine::Meeting& meeting, double patience)
    : rank_(rank),
      ranks_(ranks),
      patience_seconds_(patience),
      sockets_(static_cast<std::size_t>(rank == 0 ? ranks : 1)) {
  EXPECTS(rank >= 0 && rank < ranks, "rank ", rank, " of ", ranks, " ranks: expected 0 to ", ranks - 1);
  if (rank > 0)
    join(meeting);
  else
    gather_ranks(listen_at(meeting.port, is_local(meeting.host)), engine::concat(meeting.host, ":", meeting.port));
}

TcpCommunicator::TcpCommunicator(Socket listening, int ranks, double patience)
    : ranks_(ranks), patience_seconds_(patience), sockets_(static_cast<std::size_t>(ranks)) {
  gather_ranks(listening, engine::concat("port ", port_of(listening)));
}

void TcpCommunicator::gather_ranks(const Socket& listening, const std::string& place) {
  const Clock::time_point begin = Clock::now();
  const auto still_waiting = [&] {
    EXPECTS(seconds_since(begin) < patience_seconds_, "rank 0 has waited ", patience_seconds_.load(), " s at ", place,
            " for ", missing(sockets_), " of ", ranks_,
            "; start all ranks with the same WORLD_SIZE, MASTER_ADDR and MASTER_PORT");
  };
  for (int present = 1; present < ranks_;) {
    Socket connection = accept_from(listening, still_waiting);
    Greeting greeting, expected;
    try {
      const Clock::time_point came = Clock::now();
      const auto briefly = [&] { EXPECTS(seconds_since(came) < kGreetingSeconds, "it says nothing"); };
      if (!receive_bytes(connection, &greeting, sizeof greeting, briefly)) continue;
    } catch (const engine::Error&) { continue; }  // none of ours
    if (std::memcmp(greeting.name, expected.name, sizeof expected.name) != 0) continue;
    const Answer answer{.welcome = greeting.ranks == ranks_ && greeting.version == expected.version, .ranks = ranks_};
    if (!send_bytes(connection, &answer, sizeof answer, still_waiting)) continue;
    EXPECTS(greeting.version == expected.version, "rank ", greeting.rank,
            " is of another version of this program than rank 0; start all ranks from one build");
    EXPECTS(greeting.ranks == ranks_, "rank ", greeting.rank, " was started as one of ", greeting.ranks,
            " ranks, and rank 0 as one of ", ranks_, "; WORLD_SIZE must be the same everywhere");
    EXPECTS(greeting.rank > 0 && greeting.rank < ranks_, "a process came as rank ", greeting.rank, " of ", ranks_,
            "; ranks are 0 to ", ranks_ - 1);
    Socket& of_rank = sockets_[static_cast<std::size_t>(greeting.rank)];
    EXPECTS(!of_rank.open(), "two processes came as rank ", greeting.rank, "; RANK must differ");
    of_rank = std::move(connection);
    ++present;
  }
  highest(0);  // everybody knows that all are there
}

void TcpCommunicator::join(const engine::Meeting& meeting) {
  const Clock::time_point begin = Clock::now();
  sockets_[0] = connect_to(meeting.host, meeting.port, [&](const std::string& why) {
    EXPECTS(seconds_since(begin) < patience_seconds_, "rank ", rank_, " has looked for rank 0 at ", meeting.host, ":",
            meeting.port, " for ", patience_seconds_.load(), " s (", why,
            "); MASTER_ADDR must be the machine of rank 0, which must run, and MASTER_PORT its port");
  });
  Greeting greeting;
  greeting.rank = rank_;
  greeting.ranks = ranks_;
  send(0, &greeting, sizeof greeting);
  Answer answer;
  receive(0, &answer, sizeof answer);
  EXPECTS(answer.welcome != 0, "rank ", rank_, " was started as one of ", ranks_, " ranks, and rank 0 as one of ",
          answer.ranks, "; WORLD_SIZE must be the same everywhere, and all must be of one build");
  highest(0);
}

StillWaiting TcpCommunicator::patiently(int for_rank) const {
  // Rank 0 speaks for all; the others only if it is the one that is gone.
  return [this, for_rank, begin = Clock::now(), more = rank_ > 0 ? 3 : 0] {
    const double patience = patience_seconds_;
    EXPECTS(seconds_since(begin) < patience + more, "rank ", rank_, " has waited ", patience, " s for rank ", for_rank,
            ", which hangs, or needs longer than --rank-timeout; what the last checkpoint holds is kept, go on with "
            "--resume");
  };
}

void TcpCommunicator::send(int to, const void* data, std::size_t bytes) {
  if (!send_bytes(socket_of(to), data, bytes, patiently(to))) lost(to);
}

void TcpCommunicator::receive(int from, void* data, std::size_t bytes) {
  if (!receive_bytes(socket_of(from), data, bytes, patiently(from))) lost(from);
}

void TcpCommunicator::lost(int other) const {
  throw engine::Error(
      engine::concat("rank ", rank_, " has lost rank ", other,
                     ", which ended or cannot be reached; what the last checkpoint holds is kept, go on "
                     "with --resume"));
}

void TcpCommunicator::send_header(int to, const Header& header) { send(to, &header, sizeof header); }

/// The header of the other rank's message: of the same call as the own, or of the end of all.
TcpCommunicator::Header TcpCommunicator::receive_header(int from, const Header& own) {
  Header other{};
  receive(from, &other, sizeof other);
  if (other.kind == Kind::abort) {
    if (rank_ == 0) abort(static_cast<int>(other.detail));
    std::_Exit(static_cast<int>(other.detail));  // as a launcher would kill it; the rank that failed has said why
  }
  EXPECTS(
      other.kind == own.kind && other.detail == own.detail && (other.bytes == own.bytes || own.kind == Kind::exchange),
      "rank ", from, " is at call ", static_cast<int>(other.kind), " with ", other.bytes, " bytes, and rank ", rank_,
      " at call ", static_cast<int>(own.kind), " with ", own.bytes,
      ": all ranks must compute one run; start them with the same arguments, data and build");
  return other;
}

std::byte* TcpCommunicator::scratch(std::size_t bytes) {
  if (scratch_.size() < bytes) scratch_.resize(bytes);
  return scratch_.data();
}

/// On rank 0: x becomes the sum of its own values and those that the others send, piece by piece.
template <class T>
void TcpCommunicator::add_others(const Header& own, T* x) {
  const auto ranks = static_cast<std::size_t>(ranks_);
  for (int rank = 1; rank < ranks_; ++rank) receive_header(rank, own);
  const std::size_t count = own.bytes / sizeof(T), most = std::max<std::size_t>(kPieceBytes / sizeof(T), 1);
  for (std::size_t begin = 0; begin < count; begin += most) {
    const std::size_t size = std::min(most, count - begin), bytes = size * sizeof(T);
    std::byte* const parts = scratch(ranks * bytes);
    std::memcpy(parts, x + begin, bytes);
    for (int rank = 1; rank < ranks_; ++rank) receive(rank, parts + static_cast<std::size_t>(rank) * bytes, bytes);
    engine::add_in_order(x + begin, reinterpret_cast<const T*>(parts), static_cast<std::int64_t>(size), ranks_);
  }
}

/// Brings all values to rank 0, which gets their sums.
void TcpCommunicator::sum_on_rank_0(const char* name, const Header& own, const View& x) {
  engine::with_summed_type(name, x, [&](auto* values) {
    if (rank_ == 0) return add_others(own, values);
    send_header(0, own);
    send(0, values, own.bytes);
  });
}

/// The end of a call: rank 0 sends what `part_for` gives for each rank, and each has it in its own.
void TcpCommunicator::return_parts(const Header& own, const std::function<Part(int rank)>& part_for) {
  if (rank_ > 0) {
    receive_header(0, own);
    const Part part = part_for(rank_);
    return receive(0, part.data, part.bytes);
  }
  for (int rank = 1; rank < ranks_; ++rank) {
    send_header(rank, own);
    const Part part = part_for(rank);
    send(rank, part.data, part.bytes);
  }
}

void TcpCommunicator::all_reduce(const View& x) {
  const Header own{Kind::all_reduce, 0, bytes_of(x)};
  sum_on_rank_0("all_reduce", own, x);
  return_parts(own, [&](int) { return Part{x.data, own.bytes}; });
}

void TcpCommunicator::reduce_scatter(const View& x) {
  engine::part_bytes("reduce_scatter", x, ranks_);
  const Header own{Kind::reduce_scatter, 0, bytes_of(x)};
  sum_on_rank_0("reduce_scatter", own, x);
  return_parts(own, [&](int rank) { return part_of(x, rank); });
}

TcpCommunicator::Part TcpCommunicator::part_of(const View& x, int rank) const {
  const std::size_t bytes = bytes_of(x) / static_cast<std::size_t>(ranks_);
  return {static_cast<std::byte*>(x.data) + static_cast<std::size_t>(rank) * bytes, bytes};
}

void TcpCommunicator::all_gather(const View& x) {
  engine::part_bytes("all_gather", x, ranks_);
  const Header own{Kind::all_gather, 0, bytes_of(x)};
  if (rank_ > 0) {
    send_header(0, own);
    send(0, part_of(x, rank_).data, part_of(x, rank_).bytes);
  } else {
    for (int rank = 1; rank < ranks_; ++rank) {
      receive_header(rank, own);
      receive(rank, part_of(x, rank).data, part_of(x, rank).bytes);
    }
  }
  return_parts(own, [&](int) { return Part{x.data, own.bytes}; });
}

void TcpCommunicator::broadcast(const View& x, int from) {
  const Header own{Kind::broadcast, static_cast<std::uint32_t>(from), bytes_of(x)};
  if (rank_ > 0) {
    send_header(0, own);
    if (rank_ == from) send(0, x.data, own.bytes);
  } else {
    for (int rank = 1; rank < ranks_; ++rank) {
      receive_header(rank, own);
      if (rank == from) receive(rank, x.data, own.bytes);
    }
  }
  return_parts(own, [&](int) { return Part{x.data, own.bytes}; });
}

std::int64_t TcpCommunicator::highest(std::int64_t value) {
  const Header own{Kind::highest, 0, sizeof value};
  if (rank_ > 0) {
    send_header(0, own);
    send(0, &value, sizeof value);
  } else {
    for (int rank = 1; rank < ranks_; ++rank) {
      receive_header(rank, own);
      std::int64_t other = 0;
      receive(rank, &other, sizeof other);
      value = std::max(value, other);
    }
  }
  return_parts(own, [&](int) { return Part{&value, sizeof value}; });
  return value;
}

std::vector<std::string> TcpCommunicator::exchange(const std::string& text) {
  const Header own{Kind::exchange, 0, text.size()};
  std::vector<std::string> texts(static_cast<std::size_t>(ranks_));
  texts[static_cast<std::size_t>(rank_)] = text;
  if (rank_ == 0) {
    for (int rank = 1; rank < ranks_; ++rank) {
      std::string& other = texts[static_cast<std::size_t>(rank)];
      other.resize(receive_header(rank, own).bytes);
      receive(rank, other.data(), other.size());
    }
    for (int rank = 1; rank < ranks_; ++rank) {
      for (const std::string& each : texts) {
        send_header(rank, {Kind::exchange, 0, each.size()});
        send(rank, each.data(), each.size());
      }
    }
    return texts;
  }
  send_header(0, own);
  send(0, text.data(), text.size());
  for (std::string& each : texts) {
    each.resize(receive_header(0, own).bytes);
    receive(0, each.data(), each.size());
  }
  return texts;
}

void TcpCommunicator::leave() {
  patience_seconds_ = 1e9;  // rank 0 may still be drawing plots
  barrier();
  sockets_.clear();
}

void TcpCommunicator::abort(int exit_code) {
  const Header end{Kind::abort, static_cast<std::uint32_t>(exit_code), 0};
  const auto briefly = [begin = Clock::now()] { EXPECTS(seconds_since(begin) < kEndSeconds, "it hangs"); };
  const auto to_all = [&](const std::function<void(const Socket&)>& tell) {
    for (const Socket& socket : sockets_) {
      try {
        if (socket.open()) tell(socket);
      } catch (const engine::Error&) {}  // who cannot be told finds the connection closed
    }
  };
  to_all([&](const Socket& socket) { static_cast<void>(send_bytes(socket, &end, sizeof end, briefly)); });
  to_all([&](const Socket& socket) { end_connection(socket, briefly); });
  std::_Exit(exit_code);
}

}  // namespace kernels
