#include "kernels/prior.h"

#include <algorithm>
#include <cmath>

#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"

namespace kernels::cpu {
namespace {

constexpr int kDraws = 16;  // that are computed together, each of four numbers

/// Fills a row's numbers [4 first, 4 (first + kDraws)) from the words of its draws; those beyond d are left out.
template <class Number>
void fill(float* row, std::int64_t first, std::int64_t d, const engine::Philox& random, const Number& number) {
  float block[kDraws][4];
#pragma omp simd
  for (int lane = 0; lane < kDraws; ++lane) {
    const engine::Philox::Block words = random.words(static_cast<std::uint32_t>(first + lane));
    number(words, block[lane]);
  }
  const std::int64_t begin = 4 * first;
  std::copy_n(&block[0][0], std::min<std::int64_t>(4 * kDraws, d - begin), row + begin);
}

}  // namespace

void draw_prior(const Context& context, const DrawPrior& args) {
  const std::int64_t n = args.rows.shape.rows(), d = args.rows.shape.cols();
  const std::int64_t step = *args.step.as<std::int32_t>();
  float* rows = args.rows.as<float>();
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (std::int64_t i = 0; i < n; ++i) {
    const engine::Philox random(args.seed, engine::Purpose::prior, 0, static_cast<std::uint64_t>(step * n + i));
    float* row = rows + i * d;
    for (std::int64_t first = 0; 4 * first < d; first += kDraws) {
      if (args.prior == Prior::cube) {
        fill(row, first, d, random, [scale = args.scale](const engine::Philox::Block& words, float* to) {
          for (int j = 0; j < 4; ++j) to[j] = uniform_number(words.word[j], scale);
        });
      } else {
        const float scale = args.prior == Prior::normal ? args.scale : 1;
        fill(row, first, d, random, [scale](const engine::Philox::Block& words, float* to) {
          const NormalPair a = normal_pair(words.word[0], words.word[1]), b = normal_pair(words.word[2], words.word[3]);
          to[0] = scale * a.first;
          to[1] = scale * a.second;
          to[2] = scale * b.first;
          to[3] = scale * b.second;
        });
      }
    }
    if (args.prior != Prior::sphere) continue;
    double squares = 0;
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
