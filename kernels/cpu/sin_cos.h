#pragma once
#include <numbers>

#include "kernels/cpu/simd.h"

namespace kernels::cpu {

struct SineCosine {
  Floats sine, cosine;
};

/// Up to this |x| the multiples of pi that sin_cos subtracts are exact.
inline constexpr float kLargestAngle = 8192;

/// sin x and cos x within 2e-7, for |x| <= kLargestAngle; the sine of a small x keeps its relative accuracy.
/// x = n pi + r with |r| <= pi / 2: both are those of r, negated if n is odd. The polynomials have the smallest error
/// (5e-9) for their degree, found with the Remez exchange algorithm.
inline SineCosine sin_cos(Floats x) {
  constexpr float kRound = 0x1.8p23f;                                             // leaves n in the lowest bits
  constexpr float kPi1 = 3.140625f, kPi2 = 0x1.fb4p-11f, kPi3 = 0x1.4442d2p-23f;  // their sum is pi
  const Floats shifted = x * std::numbers::inv_pi_v<float> + kRound, n = shifted - kRound;
  const Floats r = ((x - n * kPi1) - n * kPi2) - n * kPi3;
  const Floats u = r * r;
  const Words sign = std::bit_cast<Words>(shifted) << 31;
  Floats s = u * 0x1.5ceecap-19f - 0x1.9f5f3ap-13f;
  s = s * u + 0x1.110e66p-7f;
  s = s * u - 0x1.555548p-3f;
  s = s * (u * r) + r;
  Floats c = u * -0x1.17f844p-22f + 0x1.9f6ed2p-16f;
  c = c * u - 0x1.6c137ap-10f;
  c = c * u + 0x1.555548p-5f;
  c = c * u - 0.5f;
  c = c * u + 1.0f;
  return {.sine = std::bit_cast<Floats>(std::bit_cast<Words>(s) ^ sign),
          .cosine = std::bit_cast<Floats>(std::bit_cast<Words>(c) ^ sign)};
}

/// The same for every x, one lane after another; NaN for infinity and NaN.
inline SineCosine sin_cos_of_any(Floats x) {
  SineCosine result;
  for (int lane = 0; lane < kLanes; ++lane) {
    const double angle = static_cast<double>(x[lane]);
    result.sine[lane] = static_cast<float>(std::sin(angle));
    result.cosine[lane] = static_cast<float>(std::cos(angle));
  }
  return result;
}

}  // namespace kernels::cpu
