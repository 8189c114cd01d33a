#include "kernels/prior.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/random_words.h"

namespace kernels::cpu {
namespace {

void uniform_numbers(const RandomWords& words, float scale, float* to) {
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
      const RandomWords words(random, static_cast<std::uint32_t>(at / 4));
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
