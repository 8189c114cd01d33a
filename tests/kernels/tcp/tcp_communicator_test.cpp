// Ranks that are threads of this process, connected by TCP on this machine.
#include "kernels/tcp/tcp_communicator.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"

using engine::View;
using kernels::TcpCommunicator;

namespace {

template <class T>
View view_of(std::vector<T>& values, const engine::Shape& shape) {
  return {values.data(), engine::dtype_of<T>, shape};
}

/// A port that nobody listens at.
int free_port() { return kernels::port_of(kernels::listen_at(0, true)); }

/// What each rank said when its communicator or `body` failed; empty if it did not.
std::vector<std::string> on_ranks(int ranks, const std::function<void(TcpCommunicator&)>& body, double patience = 20) {
  kernels::Socket listening = kernels::listen_at(0, true);
  const engine::Meeting meeting{.host = "127.0.0.1", .port = kernels::port_of(listening)};
  std::vector<std::string> said(static_cast<std::size_t>(ranks));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      std::string& own = said[static_cast<std::size_t>(rank)];
      try {
        std::optional<TcpCommunicator> communicator;
        if (rank == 0)
          communicator.emplace(std::move(listening), ranks, patience);
        else
          communicator.emplace(rank, ranks, meeting, patience);
        body(*communicator);
      } catch (const engine::Error& error) { own = error.what(); }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return said;
}

void expect_none(const std::vector<std::string>& said) {
  for (const std::string& each : said) CHECK(each.empty());
}

}  // namespace

TEST_CASE("tcp: sums are added in the order of the ranks, the same bytes everywhere") {
  constexpr std::int64_t kCount = 100'003;  // more than the buffers of a socket hold
  const auto value = [](int rank, std::int64_t i) {
    return (rank % 2 == 0 ? 1.0f : -1000.0f) * static_cast<float>((i + 1) * (2 * rank + 7919) % 104729) / 104729;
  };
  std::vector<float> expected(kCount);
  for (std::int64_t i = 0; i < kCount; ++i) {
    expected[static_cast<std::size_t>(i)] = value(0, i) + value(1, i);
    expected[static_cast<std::size_t>(i)] += value(2, i);
  }
  std::vector<std::vector<float>> results(3);
  expect_none(on_ranks(3, [&](TcpCommunicator& ranks) {
    std::vector<float>& x = results[static_cast<std::size_t>(ranks.rank())];
    for (std::int64_t i = 0; i < kCount; ++i) x.push_back(value(ranks.rank(), i));
    ranks.all_reduce(view_of(x, {kCount}));
  }));
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("tcp: parts are gathered, scattered and broadcast, and decisions and texts are shared") {
  std::vector<std::string> wrong(3);
  expect_none(on_ranks(3, [&](TcpCommunicator& ranks) {
    const int rank = ranks.rank();
    const auto expect = [&](bool right, const char* what) {
      if (!right) wrong[static_cast<std::size_t>(rank)] += what;
    };
    std::vector<std::int32_t> parts(6, -1);
    parts[static_cast<std::size_t>(2 * rank)] = rank;
    parts[static_cast<std::size_t>(2 * rank + 1)] = 10 * rank;
    ranks.all_gather(view_of(parts, {3, 2}));
    expect(parts == std::vector<std::int32_t>{0, 0, 1, 10, 2, 20}, "all_gather");
    std::vector<double> sums{1.0 * rank, 2.0 * rank, 4.0 * rank};
    ranks.reduce_scatter(view_of(sums, {3}));
    expect(sums[static_cast<std::size_t>(rank)] == 3.0 * (1 << rank), "reduce_scatter");
    std::vector<engine::bf16> rounded{engine::bf16(rank == 0 ? 256.0f : 0.75f)};
    ranks.all_reduce(view_of(rounded, {1}));
    expect(static_cast<float>(rounded[0]) == 258, "all_reduce bf16");  // 257.5, rounded once
    for (int from = 0; from < 3; ++from) {
      std::vector<std::uint8_t> byte{static_cast<std::uint8_t>(rank)};
      ranks.broadcast(view_of(byte, {1}), from);
      expect(byte[0] == from, "broadcast");
    }
    expect(ranks.highest(-5 - rank) == -5, "highest");
    const std::vector<std::string> texts = ranks.exchange(std::string(static_cast<std::size_t>(rank) * 1000, 'x'));
    expect(texts.size() == 3 && texts[0].empty() && texts[2] == std::string(2000, 'x'), "exchange");
    ranks.leave();
  }));
  for (const std::string& each : wrong) CHECK(each.empty());
}

TEST_CASE("tcp: what is no sum and no equal parts is refused") {
  expect_none(on_ranks(2, [](TcpCommunicator& ranks) {
    std::vector<std::int32_t> whole(3);
    if (message_of<engine::Error>([&] { ranks.all_reduce(view_of(whole, {3})); }) !=
        "all_reduce: sums are of f32, f64 or bf16, got i32")
      throw engine::Error("not refused");
    if (message_of<engine::Error>([&] {
          ranks.all_gather(view_of(whole, {3}));
        }).find("2 ranks need equal numbers of rows") == std::string::npos)
      throw engine::Error("not refused");
  }));
}

TEST_CASE("tcp: ranks that do not do the same are told apart") {
  const auto said = on_ranks(2, [](TcpCommunicator& ranks) {
    std::vector<float> x(2);
    if (ranks.rank() == 0)
      ranks.all_reduce(view_of(x, {2}));
    else
      ranks.highest(1);
  });
  CHECK(said[0].find("rank 1 is at call 5 with 8 bytes, and rank 0 at call 1 with 8: all ranks must compute one run") !=
        std::string::npos);
}

TEST_CASE("tcp: a rank that hangs, and one that is gone, end the others with a sentence") {
  const auto hanging = on_ranks(2, [](TcpCommunicator& ranks) {
    ranks.barrier();
    ranks.set_patience(0.1);
    if (ranks.rank() == 0) return void(ranks.highest(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  });
  CHECK(hanging[0].starts_with("rank 0 has waited 0.1 s for rank 1, which hangs, or needs longer than --rank-timeout"));
  const auto gone = on_ranks(3, [](TcpCommunicator& ranks) {
    if (ranks.rank() != 1) ranks.highest(1);
  });
  CHECK(gone[0].starts_with("rank 0 has lost rank 1, which ended or cannot be reached"));
  CHECK(gone[2].starts_with("rank 2 has lost rank 0, which ended"));
}

TEST_CASE("tcp: ranks that do not come, ports in use and numbers that do not agree are told in one sentence") {
  const engine::Meeting nowhere{.host = "127.0.0.1", .port = free_port()};
  const std::string place = "127.0.0.1:" + std::to_string(nowhere.port);
  CHECK(message_of<engine::Error>([&] { TcpCommunicator(0, 3, nowhere, 0.1); }) ==
        "rank 0 has waited 0.1 s at " + place +
            " for ranks 1, 2 of 3; start all ranks with the same WORLD_SIZE, MASTER_ADDR and MASTER_PORT");
  CHECK(message_of<engine::Error>([&] { TcpCommunicator(1, 3, nowhere, 0.1); }) ==
        "rank 1 has looked for rank 0 at " + place +
            " for 0.1 s (Connection refused); MASTER_ADDR must be the machine of rank 0, which must run, and "
            "MASTER_PORT its port");
  const kernels::Socket other = kernels::listen_at(0, true);
  const int taken = kernels::port_of(other);
  CHECK(message_of<engine::Error>([&] { TcpCommunicator(0, 2, {.host = "127.0.0.1", .port = taken}, 1); }) ==
        "rank 0 cannot wait for the other ranks at port " + std::to_string(taken) +
            ": Address already in use; set MASTER_PORT to a free port, the same for all ranks");
  CHECK(message_of<engine::Error>([&] { TcpCommunicator(2, 2, nowhere, 1); }) == "rank 2 of 2 ranks: expected 0 to 1");

  kernels::Socket listening = kernels::listen_at(0, true);
  const engine::Meeting meeting{.host = "127.0.0.1", .port = kernels::port_of(listening)};
  std::string said;
  std::thread rank_1([&] { said = message_of<engine::Error>([&] { TcpCommunicator(1, 4, meeting, 5); }); });
  CHECK(message_of<engine::Error>([&] { TcpCommunicator(std::move(listening), 2, 5); }) ==
        "rank 1 was started as one of 4 ranks, and rank 0 as one of 2; WORLD_SIZE must be the same everywhere");
  rank_1.join();
  CHECK(said.starts_with("rank 1 was started as one of 4 ranks, and rank 0 as one of 2; WORLD_SIZE must be the same"));
}

TEST_CASE("tcp: who connects by mistake is not taken for a rank") {
  kernels::Socket listening = kernels::listen_at(0, true);
  const engine::Meeting meeting{.host = "127.0.0.1", .port = kernels::port_of(listening)};
  const kernels::Socket stranger = kernels::connect_to(meeting.host, meeting.port, [](const std::string&) {});
  CHECK(kernels::send_bytes(stranger, "GET / HTTP/1.1\r\nHost: somewhere\r\n", 33, [] {}));
  std::thread rank_1([&] { TcpCommunicator(1, 2, meeting, 10).leave(); });
  TcpCommunicator(std::move(listening), 2, 10).leave();
  rank_1.join();
}

TEST_CASE("tcp: the end of one rank is the end of all, with its exit code") {
  kernels::Socket listening = kernels::listen_at(0, true);
  const engine::Meeting meeting{.host = "127.0.0.1", .port = kernels::port_of(listening)};
  const auto start = [](const std::function<void()>& rank) {
    const pid_t process = fork();
    if (process != 0) return process;
    try {
      rank();
    } catch (const engine::Error&) { _exit(1); }
    _exit(0);
  };
  const pid_t rank_1 = start([&] { TcpCommunicator(1, 3, meeting, 10).abort(7); });
  const pid_t rank_2 = start([&] { TcpCommunicator(2, 3, meeting, 10).highest(0); });
  const pid_t rank_0 = start([&] { TcpCommunicator(std::move(listening), 3, 10).highest(0); });
  for (const pid_t process : {rank_1, rank_2, rank_0}) {
    int status = 0;
    CHECK(waitpid(process, &status, 0) == process);
    CHECK(WEXITSTATUS(status) == 7);
  }
}
