#pragma once
#include <cstdint>

#include "kernels/runtime/names.h"

namespace engine {

enum class Decay { constant, polynomial, cosine };
template <>
inline constexpr std::array kNames<Decay> = {"constant", "polynomial", "cosine"};

enum class LearningRateScaling { none, linear, sqrt };
template <>
inline constexpr std::array kNames<LearningRateScaling> = {"none", "linear", "sqrt"};

struct Schedule {
  double peak = 1e-3;
  Decay decay = Decay::constant;
  double power = 1;  ///< exponent of the polynomial
  std::int64_t steps = 0;
  std::int64_t warmup_steps = 0;  ///< linear from 0 (the first update has rate 0, as in the official code)

  /// The learning rate of update t, counted from 0. x is the completed fraction of the steps after warm-up. constant:
  /// peak; polynomial: peak (1 - x)^power; cosine: peak (1 + cos(pi x)) / 2 (SimCLR).
  double at(std::int64_t t) const;
  bool operator==(const Schedule&) const = default;
};

/// base, base * batch / 256 (Goyal et al. 2017) or base * sqrt(batch) (SimCLR).
double scaled_learning_rate(double base, LearningRateScaling scaling, std::int64_t batch_size);

/// SimCLR's number of steps, examples * epochs // batch + 1; the product cannot overflow.
std::int64_t simclr_steps(std::int64_t epochs, std::int64_t examples, std::int64_t batch_size);

/// SimCLR's number, warmup_epochs * examples // batch; must fit in 63 bits.
std::int64_t simclr_warmup_steps(double warmup_epochs, std::int64_t examples, std::int64_t batch_size);

}  // namespace engine
