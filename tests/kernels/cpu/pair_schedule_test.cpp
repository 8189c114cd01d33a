#include "kernels/cpu/pair_schedule.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <utility>

namespace {

struct Trace {
  std::map<std::pair<int, int>, int> visits;
  std::vector<std::vector<int>> partners;  // of each block, in order
  bool overlapped = false;                 // two tasks used the same block at the same time
};

Trace trace(int blocks, int threads) {
  Trace result;
  result.partners.resize(static_cast<std::size_t>(blocks));
  std::vector<std::atomic<bool>> busy(static_cast<std::size_t>(blocks));
  std::mutex mutex;
  kernels::cpu::for_each_pair(blocks, threads, [&](int i, int j, int) {
    const auto a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(j);
    bool clash = busy[a].exchange(true);
    if (i != j) clash |= busy[b].exchange(true);
    std::this_thread::yield();
    {
      const std::lock_guard lock(mutex);
      result.overlapped |= clash;
      ++result.visits[{i, j}];
      result.partners[a].push_back(j);
      if (i != j) result.partners[b].push_back(i);
    }
    busy[a] = false;
    busy[b] = false;
  });
  return result;
}

}  // namespace

TEST_CASE("pair_schedule: every pair once, never two tasks on one block, one order for any thread count") {
  for (const int blocks : {1, 2, 3, 8, 13}) {
    CAPTURE(blocks);
    const Trace alone = trace(blocks, 1);
    for (const int threads : {1, 2, 5}) {
      CAPTURE(threads);
      const Trace t = trace(blocks, threads);
      CHECK(static_cast<int>(t.visits.size()) == blocks * (blocks + 1) / 2);
      for (const auto& [pair, count] : t.visits) {
        CHECK(pair.first <= pair.second);
        CHECK(count == 1);
      }
      CHECK_FALSE(t.overlapped);
      CHECK(t.partners == alone.partners);
    }
  }
}
