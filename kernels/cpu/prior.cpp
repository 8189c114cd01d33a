#include "kernels/prior.h"

#include <algorithm>
#include <cmath>

#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"

namespace kernels::cpu {
namespace {

constexpr int kDraws = 16;  // that are computed together, in loops that compilers vectorise

/// The four words of each draw.
struct Words {
  std::uint32_t word[4][kDraws];

  Words(const engine::Philox& random, std::uint32_t first) {
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

/// to[0..4 kDraws): the numbers of each draw.
void normal_numbers(const Words& words, float scale, float* to) {
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
void uniform_numbers(const Words& words, float scale, float* to) {
#pragma omp simd
  for (int i = 0; i < kDraws; ++i) {
    to[4 * i] = uniform_number(words.word[0][i], scale);
    to[4 * i + 1] = uniform_number(words.word[1][i], scale);
    to[4 * i + 2] = uniform_number(words.word[2][i], scale);
    to[4 * i + 3] = uniform_number(words.word[3][i], scale);
  }
}

}  // namespace

void draw_prior(const Context& context, const DrawPrior& args) {
  const std::int64_t n = args.rows.shape.rows(), d = args.rows.shape.cols();
  const std::int64_t step = args.step ? *args.step.as<std::int32_t>() : 0;
  float* rows = args.rows.as<float>();
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t i = 0; i < n; ++i) {
    const engine::Philox random(args.seed, engine::Purpose::prior, 0, static_cast<std::uint64_t>(step * n + i));
    float* row = rows + i * d;
    for (std::int64_t at = 0; at < d; at += 4 * kDraws) {
      const Words words(random, static_cast<std::uint32_t>(at / 4));
      float numbers[4 * kDraws];
      if (args.prior == Prior::cube) {
        uniform_numbers(words, args.scale, numbers);
      } else {
        normal_numbers(words, args.prior == Prior::normal ? args.scale : 1, numbers);
      }
      std::copy_n(numbers, std::min<std::int64_t>(4 * kDraws, d - at), row + at);
    }
    if (args.prior != Prior::sphere) continue;
    double squares = 0;
#pragma omp simd reduction(+ : squares)
    for (std::int64_t j = 0; j < d; ++j) squares += static_cast<double>(row[j]) * row[j];
    const auto factor = static_cast<float>(1 / std::sqrt(squares));
    for (std::int64_t j = 0; j < d; ++j) row[j] *= factor;
  }
}

void normal_quantiles(const Context&, const NormalQuantiles& args) {
  const std::int64_t n = args.column.shape.elements();
  float* column = args.column.as<float>();
#pragma omp parallel for schedule(static) if (n >= 1024)
  for (std::int64_t i = 0; i < n; ++i) {
    const double p = static_cast<double>(i + 1) / static_cast<double>(n + 1);
    column[i] = static_cast<float>(static_cast<double>(args.std) * normal_quantile(p));
  }
}

}  // namespace kernels::cpu
