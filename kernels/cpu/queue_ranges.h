#pragma once
#include <omp.h>

#include <algorithm>

#include "kernels/cpu/similarity_tiles.h"

namespace kernels::cpu {

/// The blocks of a queue, split into ranges, so that a few blocks of anchors keep all threads busy. The split depends
/// on sizes only, and the results of ranges are to be added up in order: then they do not depend on the number of
/// threads.
class QueueRanges {
 public:
  explicit QueueRanges(const SimilarityTiles& tiles)
      : tiles_(tiles),
        blocks_(tiles.count() - tiles.first_blocks()),
        count_(std::clamp(kTasks / std::max(tiles.first_blocks(), 1), 1, std::max(blocks_, 1))) {}

  int count() const { return count_; }

  /// Calls task(i, j, range, thread) for each block i of anchors with each block j of the queue, in parallel, but for
  /// one i and range in order of j.
  template <class Task>
  void for_each_tile(int threads, const Task& task) const {
    const int first = tiles_.first_blocks();
#pragma omp parallel for num_threads(threads) collapse(2) schedule(dynamic)
    for (int range = 0; range < count_; ++range) {
      for (int i = 0; i < first; ++i) {
        if (!tiles_.block(i).anchors) continue;
        for (int j = begin(range); j < begin(range + 1); ++j) task(i, first + j, range, omp_get_thread_num());
      }
    }
  }

 private:
  /// Enough for the threads of any CPU to share, and few enough for the memory of as many partial results.
  static constexpr int kTasks = 64;

  int begin(int range) const { return static_cast<int>(std::int64_t{blocks_} * range / count_); }

  const SimilarityTiles& tiles_;
  int blocks_, count_;
};

}  // namespace kernels::cpu
