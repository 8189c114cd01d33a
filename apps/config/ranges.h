#pragma once
#include "apps/settings/format.h"
#include "apps/settings/limits.h"

namespace apps {

/// Lower bound for a number to divide by: with smaller ones, quotients are noise.
inline constexpr double kSmallestEpsilon = 1e-20;
/// Upper bound for m in a mean m * mean + (1 - m) * value: 1 - m is still a positive float.
inline constexpr double kLargestDecay = 0.9999999;

constexpr Range positive_float() { return between(kSmallestFloat, kLargestFloat); }
constexpr Range float_or_zero() { return {.min = kSmallestFloat, .max = kLargestFloat, .or_zero = true}; }
constexpr Range decay() { return {.min = kSmallestFloat, .max = kLargestDecay, .or_zero = true}; }
constexpr Range epsilon() { return between(kSmallestEpsilon, kLargestFloat); }

}  // namespace apps
