#include "kernels/cases/gaussian_latent.h"

#include <cmath>
#include <numbers>

#include "kernels/runtime/philox.h"

namespace kernels {
namespace {

constexpr std::size_t kMean = 0, kLogVariance = 1, kStep = 2;

double sample_of(double mean, double log_variance, double eps) { return mean + std::exp(log_variance / 2) * eps; }

double divergence_of(const CaseValues& v, std::int64_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < v[kMean].size(); ++i) {
    const double mean = v[kMean][i], log_variance = v[kLogVariance][i];
    sum -= 0.5 * (1 + log_variance - mean * mean - std::exp(log_variance));
  }
  return n > 0 ? sum / static_cast<double>(n) : 0;
}

std::vector<CaseBuffer> distributions(const GaussianLatentExample& e) {
  return {{.shape = {e.n, e.d}, .values = e.mean, .skewed = e.skewed},
          {.shape = {e.n, e.d}, .values = e.log_variance, .skewed = e.skewed},
          {.shape = {1}, .values = {static_cast<double>(e.step)}, .dtype = Dtype::i32}};
}

std::string name_of(const GaussianLatentExample& e) {
  return engine::concat(e.n, " rows of ", e.d, ", z in ", engine::name(e.dtype), e.skewed ? ", skewed" : "");
}

}  // namespace

std::vector<double> latent_noise(std::uint64_t seed, std::int64_t step, std::int64_t n, std::int64_t d) {
  std::vector<double> eps;
  for (std::int64_t row = 0; row < n; ++row) {
    engine::Philox random(seed, engine::Purpose::latent, 0, static_cast<std::uint64_t>(step * n + row));
    for (std::int64_t j = 0; j < d; j += 2) {
      // As the kernel rounds it: the logarithm is sensitive to its argument.
      const float u = static_cast<float>(random.next()) * 0x1p-32f + 0x1p-33f;
      const double length = std::sqrt(-2 * std::log(static_cast<double>(u)));
      const double angle = 2 * std::numbers::pi * (random.next() * 0x1p-32);
      eps.push_back(length * std::cos(angle));
      if (j + 1 < d) eps.push_back(length * std::sin(angle));
    }
  }
  return eps;
}

namespace {
/// Each part counts as a step of its own.
std::vector<double> noise_of(const GaussianLatentExample& e) {
  return latent_noise(e.seed, e.step * e.parts + e.part, e.n, e.d);
}
}  // namespace

KernelCase<GaussianLatentForward> gaussian_latent_forward_case(const GaussianLatentExample& e) {
  constexpr std::size_t kZ = 3, kKl = 4;
  std::vector<CaseBuffer> buffers = distributions(e);
  buffers.push_back({.shape = {e.n, e.d},
                     .dtype = e.dtype,
                     .tolerance = 2e-6 + (e.dtype == Dtype::bf16 ? 0x1p-8 : 0),
                     .skewed = e.skewed});
  buffers.push_back({.shape = Shape(), .tolerance = 1e-6});
  return {.name = name_of(e),
          .buffers = buffers,
          .arguments =
              [e](const std::vector<View>& on) {
                return GaussianLatentForward{.mean = on[kMean],
                                             .log_variance = on[kLogVariance],
                                             .seed = e.seed,
                                             .step = on[kStep],
                                             .part = e.part,
                                             .parts = e.parts,
                                             .z = on[kZ],
                                             .kl = on[kKl]};
              },
          .definition =
              [e](CaseValues& v) {
                const std::vector<double> eps = noise_of(e);
                for (std::size_t i = 0; i < eps.size(); ++i) {
                  v[kZ][i] = sample_of(v[kMean][i], v[kLogVariance][i], eps[i]);
                }
                v[kKl] = {divergence_of(v, e.n)};
              }};
}

KernelCase<GaussianLatentBackward> gaussian_latent_backward_case(const GaussianLatentExample& e,
                                                                 const LatentGradients& g) {
  constexpr std::size_t kDz = 3, kDkl = 4, kDmean = 5, kDlogVariance = 6;
  const bool samples = !g.dz.empty(), diverges = g.dkl.has_value(), accumulates = !g.added_to.empty();
  const auto result = [&](bool wanted) {
    CaseBuffer buffer{.shape = {e.n, e.d}, .values = g.added_to, .skewed = e.skewed};
    if (wanted) buffer.tolerance = 3e-6;
    return buffer;
  };
  std::vector<CaseBuffer> buffers = distributions(e);
  buffers.push_back({.shape = {e.n, e.d}, .values = g.dz, .dtype = e.dtype, .skewed = e.skewed});
  buffers.push_back({.shape = Shape(), .values = {g.dkl.value_or(0)}});
  buffers.push_back(result(g.by_mean));
  buffers.push_back(result(g.by_log_variance));
  KernelCase<GaussianLatentBackward> made{
      .name = engine::concat(name_of(e), samples ? ", dz" : "", diverges ? ", dkl" : "", g.by_mean ? ", dmean" : "",
                             g.by_log_variance ? ", dlog_variance" : "", accumulates ? ", accumulated" : ""),
      .buffers = buffers,
      .arguments =
          [=, by_mean = g.by_mean, by_log_variance = g.by_log_variance](const std::vector<View>& on) {
            const auto if_given = [&](bool given, std::size_t i) { return given ? on[i] : View(); };
            return GaussianLatentBackward{.dz = if_given(samples, kDz),
                                          .dkl = if_given(diverges, kDkl),
                                          .mean = on[kMean],
                                          .log_variance = on[kLogVariance],
                                          .seed = e.seed,
                                          .step = on[kStep],
                                          .part = e.part,
                                          .parts = e.parts,
                                          .dmean = {if_given(by_mean, kDmean), accumulates},
                                          .dlog_variance = {if_given(by_log_variance, kDlogVariance), accumulates}};
          },
      .definition =
          [=](CaseValues& v) {
            const std::vector<double> eps = noise_of(e);
            const double factor = diverges ? v[kDkl][0] / static_cast<double>(e.n) : 0;
            for (std::size_t i = 0; i < eps.size(); ++i) {
              const double dz = samples ? v[kDz][i] : 0, deviation = std::exp(v[kLogVariance][i] / 2);
              const double dmean = dz + factor * v[kMean][i];
              const double dlog_variance = 0.5 * (dz * deviation * eps[i] + factor * (deviation * deviation - 1));
              v[kDmean][i] = accumulates ? v[kDmean][i] + dmean : dmean;
              v[kDlogVariance][i] = accumulates ? v[kDlogVariance][i] + dlog_variance : dlog_variance;
            }
          }};
  if (accumulates) return made;
  const auto loss = [=](const CaseValues& v) {
    double sum = diverges ? v[kDkl][0] * divergence_of(v, e.n) : 0;
    if (!samples) return sum;
    const std::vector<double> eps = noise_of(e);
    for (std::size_t i = 0; i < eps.size(); ++i) {
      sum += v[kDz][i] * sample_of(v[kMean][i], v[kLogVariance][i], eps[i]);
    }
    return sum;
  };
  if (g.by_mean) made.gradients.push_back({.result = kDmean, .variable = kMean, .value = loss});
  if (g.by_log_variance) {
    made.gradients.push_back({.result = kDlogVariance, .variable = kLogVariance, .value = loss});
  }
  return made;
}

}  // namespace kernels
