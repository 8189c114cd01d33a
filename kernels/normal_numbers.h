#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/runtime/host_device.h"

/// Normally distributed numbers, for both back ends.
namespace kernels {

/// Two independent standard normal numbers.
struct NormalPair {
  float first, second;
};

/// Box-Muller in f32, without branches, so that compilers vectorise a loop of it: sqrt(-2 log u) (cos 2 pi t, sin 2 pi
/// t) with u = (radius + 1/2) / 2^32 in (0, 1] and t = angle / 2^32. Both words are random. Within a few roundings, and
/// the same on every device but for contractions to fused multiply-adds; no number is above 6.8.
/// The logarithm, sine and cosine are polynomials of S. Moshier's Cephes library.
HOST_DEVICE inline NormalPair normal_pair(std::uint32_t radius, std::uint32_t angle) {
  const float u = static_cast<float>(radius) * 0x1p-32f + 0x1p-33f;
  // u = 2^exponent (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2)
  constexpr std::uint32_t kSqrtHalf = 0x3f3504f3u;
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(u) - kSqrtHalf;
  const auto exponent = static_cast<float>(static_cast<std::int32_t>(bits) >> 23);
  const float f = std::bit_cast<float>((bits & 0x7fffffu) + kSqrtHalf) - 1;
  float p = 7.0376836292e-2f * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  // log u = exponent log 2 + log(1 + f), with log 2 in two parts, so that nothing is rounded twice
  const float log_u = 0.693359375f * exponent + (f + (f * f * (f * p - 0.5f) - 2.12194440e-4f * exponent));
  const float length = std::sqrt(-2 * log_u);

  // 2 pi t = quadrant pi/2 + a with |a| <= pi/4, exact in integers
  const std::uint32_t quadrant = (angle + 0x20000000u) >> 30;
  const float a = static_cast<float>(static_cast<std::int32_t>(angle - (quadrant << 30))) * (6.28318531f * 0x1p-32f);
  const float z = a * a;
  const float sine = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * a + a;
  const float cosine =
      ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1;
  const bool swapped = (quadrant & 1u) != 0;
  const std::uint32_t minus_cosine = (quadrant + 1) << 30 & 0x80000000u, minus_sine = quadrant << 30 & 0x80000000u;
  const auto with_sign = [](float value, std::uint32_t sign) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ sign);
  };
  return {length * with_sign(swapped ? sine : cosine, minus_cosine),
          length * with_sign(swapped ? cosine : sine, minus_sine)};
}

/// The number that a standard normal number stays below with probability p, for 0 < p < 1: Wichura 1988, algorithm AS
/// 241 (PPND16), with a relative error of about 1e-16.
HOST_DEVICE inline double normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    const double numerator =
        ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r +
            4.5921953931549871457e4) *
               r +
           1.3731693765509461125e4) *
              r +
          1.9715909503065514427e3) *
             r +
         1.3314166789178437745e2) *
            r +
        3.3871328727963666080e0;
    const double denominator =
        ((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r +
            2.1213794301586595867e4) *
               r +
           5.3941960214247511077e3) *
              r +
          6.8718700749205790830e2) *
             r +
         4.2313330701600911252e1) *
            r +
        1;
    return q * numerator / denominator;
  }
  double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  double numerator, denominator;
  if (r <= 5) {
    r -= 1.6;
    numerator = ((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r +
                    1.27045825245236838258e0) *
                       r +
                   3.64784832476320460504e0) *
                      r +
                  5.76949722146069140550e0) *
                     r +
                 4.63033784615654529590e0) *
                    r +
                1.42343711074968357734e0;
    denominator =
        ((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r +
            1.48103976427480074590e-1) *
               r +
           6.89767334985100004550e-1) *
              r +
          1.67638483018380384940e0) *
             r +
         2.05319162663775882187e0) *
            r +
        1;
  } else {
    r -= 5;
    numerator = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r +
                    2.65321895265761230930e-2) *
                       r +
                   2.96560571828504891230e-1) *
                      r +
                  1.78482653991729133580e0) *
                     r +
                 5.46378491116411436990e0) *
                    r +
                6.65790464350110377720e0;
    denominator =
        ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r +
            7.86869131145613259100e-4) *
               r +
           1.48753612908506148525e-2) *
              r +
          1.36929880922735805310e-1) *
             r +
         5.99832206555887937690e-1) *
            r +
        1;
  }
  return q < 0 ? -numerator / denominator : numerator / denominator;
}

}  // namespace kernels
