#pragma once
#include <omp.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace kernels::cpu {

/// Calls task(i, j, thread) once for every i <= j < blocks, in parallel, such that
/// - no two calls that share a block run at the same time, so a task may update what belongs to either block;
/// - each block meets its partners in a fixed order, so sums do not depend on the number of threads or on timing.
///
/// In round r, block i meets block (r - i) mod blocks: each block is in exactly one pair per round, and each pair,
/// also that of a block with itself, occurs in exactly one of the `blocks` rounds. Threads take pairs in order and
/// wait, without a barrier, only for the two blocks they need; the earliest unfinished pair never waits, so there is no
/// deadlock. The task must not throw.
template <class Task>
void for_each_pair(int blocks, int threads, const Task& task) {
  std::vector<std::atomic<int>> rounds_done(static_cast<std::size_t>(blocks));
  std::atomic<std::int64_t> next = 0;
  const auto wait_for = [&](int block, int round) {
    constexpr int kPatience = 4096;  // pauses, longer than a task; a yield costs a time slice when other programs run
    for (int pauses = 0; rounds_done[static_cast<std::size_t>(block)].load(std::memory_order_acquire) < round;) {
      ++pauses < kPatience ? __builtin_ia32_pause() : std::this_thread::yield();
    }
  };
#pragma omp parallel num_threads(threads)
  {
    const int thread = omp_get_thread_num();
    const std::int64_t turns = std::int64_t{blocks} * blocks;
    for (std::int64_t turn = next.fetch_add(1); turn < turns; turn = next.fetch_add(1)) {
      const int round = static_cast<int>(turn / blocks), i = static_cast<int>(turn % blocks);
      const int j = (round - i + blocks) % blocks;
      if (i > j) continue;
      wait_for(i, round);
      wait_for(j, round);
      task(i, j, thread);
      rounds_done[static_cast<std::size_t>(i)].store(round + 1, std::memory_order_release);
      rounds_done[static_cast<std::size_t>(j)].store(round + 1, std::memory_order_release);
    }
  }
}

}  // namespace kernels::cpu
