#pragma once
#include "apps/settings/format.h"
#include "apps/settings/limits.h"

namespace apps {

/// A divisor: anything below makes quotients that are noise.
inline constexpr double kSmallestEpsilon = 1e-20;
/// 1 - m is still a float above 0, for a mean m * mean + (1 - m) * value.
inline constexpr double kLargestDecay = 0.9999999;

constexpr Range positive_float() { return between(kSmallestFloat, kLargestFloat); }
constexpr Range float_or_zero() { return {.min = kSmallestFloat, .max = kLargestFloat, .or_zero = true}; }
constexpr Range decay() { return {.min = kSmallestFloat, .max = kLargestDecay, .or_zero = true}; }
constexpr Range epsilon() { return between(kSmallestEpsilon, kLargestFloat); }

}  // namespace apps
