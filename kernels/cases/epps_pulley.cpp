#include "kernels/cases/epps_pulley.h"

#include <cmath>

namespace kernels {
namespace {

constexpr std::size_t kX = 0, kStatistic = 1;

/// Each group's statistic, by the equation in kernels/epps_pulley.h, and the gradient of factor * their sum.
double define(const EppsPulleyExample& p, const std::vector<double>& x, double factor, double* statistics,
              double* gradient) {
  double sum = 0;
  const float spacing = p.t_max / static_cast<float>(p.knots - 1);
  for (std::int64_t test = 0; test < p.slices * p.groups; ++test) {
    const double* sample = x.data() + test * p.n;
    std::vector<double> slope(static_cast<std::size_t>(p.n));
    double statistic = 0;
    for (int k = 0; k < p.knots; ++k) {
      const double width = static_cast<double>(p.t_max) / (p.knots - 1), t = k * width;
      const double phi = std::exp(-t * t / 2), weight = (k == 0 || k + 1 == p.knots ? 1 : 2) * width;
      const auto angle = [&](std::int64_t i) {
        return p.far ? k * static_cast<double>(static_cast<float>(sample[i]) * spacing) : t * sample[i];
      };
      double cosine = 0, sine = 0;
      for (std::int64_t i = 0; i < p.n; ++i) {
        cosine += std::cos(angle(i)) / static_cast<double>(p.n);
        sine += std::sin(angle(i)) / static_cast<double>(p.n);
      }
      statistic += static_cast<double>(p.n) * weight * phi * (std::pow(cosine - phi, 2) + sine * sine);
      for (std::int64_t i = 0; gradient != nullptr && i < p.n; ++i) {
        slope[static_cast<std::size_t>(i)] +=
            2 * factor * weight * phi * t * (sine * std::cos(angle(i)) - (cosine - phi) * std::sin(angle(i)));
      }
    }
    if (statistics != nullptr) statistics[test] = statistic;
    if (gradient != nullptr) std::copy(slope.begin(), slope.end(), gradient + test * p.n);
    sum += factor * statistic;
  }
  return sum;
}

}  // namespace

KernelCase<EppsPulley> epps_pulley_case(const EppsPulleyExample& p, std::vector<double> x) {
  const auto factor = static_cast<double>(p.gradient_factor);
  const bool gradient = factor != 0;
  KernelCase<EppsPulley> result{
      .name = engine::concat(p.name, ": ", p.slices, " slices of ", p.groups, " x ", p.n, ", ", p.knots, " knots to ",
                             p.t_max, gradient ? "" : ", no gradient"),
      // Each mean has an error of a few roundings, the statistic n times as much where it is large.
      .buffers =
          {{.shape = {p.slices, p.groups * p.n}, .values = std::move(x), .tolerance = gradient ? p.tolerance : 0},
           {.shape = {p.slices, p.groups}, .tolerance = p.tolerance * (3 + std::sqrt(static_cast<double>(p.n)))}},
      .arguments =
          [p](const std::vector<View>& on) {
            return EppsPulley{.x = on[kX],
                              .groups = p.groups,
                              .knots = p.knots,
                              .t_max = p.t_max,
                              .statistic = on[kStatistic],
                              .gradient_factor = p.gradient_factor};
          },
      .definition =
          [p, factor, gradient](CaseValues& v) {
            const std::vector<double> samples = v[kX];
            define(p, samples, factor, v[kStatistic].data(), gradient ? v[kX].data() : nullptr);
          }};
  if (gradient && p.n <= 31 && !p.far) {
    result.gradients = {{.result = kX, .variable = kX, .value = [p, factor](const CaseValues& v) {
                           return define(p, v[kX], factor, nullptr, nullptr);
                         }}};
  }
  return result;
}

}  // namespace kernels
