#pragma once
#include <cstdint>

#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"

namespace kernels::cpu {

inline constexpr int kDraws = 16;  // that are computed together, in loops that compilers vectorise

/// The four words of each of kDraws draws of a stream, from draw `first` on.
struct RandomWords {
  std::uint32_t word[4][kDraws];

  RandomWords(const engine::Philox& random, std::uint32_t first) {
    const engine::Philox::Block counter = random.counter(first);
    for (std::uint32_t i = 0; i < kDraws; ++i) {
      word[0][i] = counter.word[0] + i;
      word[1][i] = counter.word[1];
      word[2][i] = counter.word[2];
      word[3][i] = counter.word[3];
    }
    for (int round = 0; round < engine::Philox::kRounds; ++round) {
#pragma omp simd
      for (int i = 0; i < kDraws; ++i) {
        const engine::Philox::Block next = engine::Philox::after_round(
            round, {{word[0][i], word[1][i], word[2][i], word[3][i]}}, random.key0(), random.key1());
        word[0][i] = next.word[0];
        word[1][i] = next.word[1];
        word[2][i] = next.word[2];
        word[3][i] = next.word[3];
      }
    }
  }
};

/// to[0..4 kDraws): the normal numbers of each draw, times `scale`.
inline void normal_numbers(const RandomWords& words, float scale, float* to) {
#pragma omp simd
  for (int i = 0; i < kDraws; ++i) {
    const NormalPair a = normal_pair(words.word[0][i], words.word[1][i]),
                     b = normal_pair(words.word[2][i], words.word[3][i]);
    to[4 * i] = scale * a.first;
    to[4 * i + 1] = scale * a.second;
    to[4 * i + 2] = scale * b.first;
    to[4 * i + 3] = scale * b.second;
  }
}

}  // namespace kernels::cpu
