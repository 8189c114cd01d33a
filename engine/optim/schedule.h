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
  double power = 1;  ///< of the polynomial
  std::int64_t steps = 0;
  std::int64_t warmup_steps = 0;  ///< linear from 0 (the first update has rate 0, as in the official code)

  /// The rate of update t, from 0; with x the part done of what follows the warmup: constant: peak; polynomial:
  /// peak (1 - x)^power; cosine: peak (1 + cos(pi x)) / 2 (SimCLR).
  double at(std::int64_t t) const;
  bool operator==(const Schedule&) const = default;
};

/// base, base * batch / 256 (Goyal et al. 2017) or base * sqrt(batch) (SimCLR).
double scaled_learning_rate(double base, LearningRateScaling scaling, std::int64_t batch_size);

/// SimCLR's count of all steps, examples * epochs // batch + 1, without overflow in the product.
std::int64_t simclr_steps(std::int64_t epochs, std::int64_t examples, std::int64_t batch_size);

/// SimCLR's count, warmup_epochs * examples // batch; must fit in 63 bits.
std::int64_t simclr_warmup_steps(double warmup_epochs, std::int64_t examples, std::int64_t batch_size);

}  // namespace engine
