#include "kernels/cases/prior.h"

#include <cmath>
#include <numbers>

#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"

namespace kernels {
namespace {

/// A row, from its own stream.
void define(const PriorExample& e, engine::Philox random, double* row) {
  const auto scale = static_cast<double>(e.scale);
  double squares = 0;
  for (std::int64_t j = 0; j < e.d; ++j) {
    if (e.prior == Prior::cube) {
      row[j] = scale * ((static_cast<std::int32_t>(random.next()) + 0.5) * 0x1p-31);
    } else if (j % 2 == 0) {
      // As the kernel rounds it: the logarithm is sensitive to its argument.
      const float u = static_cast<float>(random.next()) * 0x1p-32f + 0x1p-33f;
      const double length = std::sqrt(-2 * std::log(static_cast<double>(u)));
      const double angle = 2 * std::numbers::pi * (random.next() * 0x1p-32);
      row[j] = length * std::cos(angle);
      if (j + 1 < e.d) row[j + 1] = length * std::sin(angle);
    }
  }
  if (e.prior == Prior::cube) return;
  for (std::int64_t j = 0; j < e.d; ++j) squares += row[j] * row[j];
  for (std::int64_t j = 0; j < e.d; ++j) row[j] *= e.prior == Prior::normal ? scale : 1 / std::sqrt(squares);
}

}  // namespace

KernelCase<DrawPrior> draw_prior_case(const PriorExample& e) {
  constexpr std::size_t kRows = 0, kStep = 1;
  return {.name = engine::concat(engine::name(e.prior), " ", e.n, " x ", e.d, e.skewed ? ", skewed" : "",
                                 e.step ? engine::concat(", step ", *e.step) : ", without a step"),
          .buffers = {{.shape = {e.n, e.d}, .tolerance = 2e-6, .skewed = e.skewed},
                      {.shape = {1}, .values = {static_cast<double>(e.step.value_or(-1))}, .dtype = Dtype::i32}},
          .arguments =
              [=](const std::vector<View>& on) {
                return DrawPrior{.seed = e.seed,
                                 .step = e.step ? on[kStep] : View(),
                                 .prior = e.prior,
                                 .scale = e.scale,
                                 .rows = on[kRows]};
              },
          .definition =
              [=](CaseValues& v) {
                for (std::int64_t i = 0; i < e.n; ++i) {
                  const auto index = static_cast<std::uint64_t>(e.step.value_or(0) * e.n + i);
                  define(e, {e.seed, engine::Purpose::prior, 0, index}, v[kRows].data() + i * e.d);
                }
              }};
}

KernelCase<NormalQuantiles> normal_quantiles_case(std::int64_t n, float std) {
  return {.name = engine::concat(n),
          .buffers = {{.shape = {n}, .tolerance = 1e-7}},
          .arguments = [=](const std::vector<View>& on) { return NormalQuantiles{.std = std, .column = on[0]}; },
          .definition =
              [=](CaseValues& v) {
                for (std::size_t i = 0; i < v[0].size(); ++i) {
                  const double p = static_cast<double>(i + 1) / static_cast<double>(n + 1);
                  v[0][i] = static_cast<double>(std) * normal_quantile(p);
                }
              }};
}

}  // namespace kernels
