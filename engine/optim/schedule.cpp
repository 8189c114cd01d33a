#include "engine/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace engine {

double Schedule::at(std::int64_t t) const {
  if (t < warmup_steps) return peak * static_cast<double>(t) / static_cast<double>(warmup_steps);
  const double left = static_cast<double>(std::max<std::int64_t>(1, steps - warmup_steps));
  const double done = std::min(1.0, static_cast<double>(t - warmup_steps) / left);
  switch (decay) {
    case Decay::constant: return peak;
    case Decay::polynomial: return peak * std::pow(1 - done, power);
    case Decay::cosine: return peak * 0.5 * (1 + std::cos(std::numbers::pi * done));
  }
  return peak;
}

double scaled_learning_rate(double base, LearningRateScaling scaling, std::int64_t batch_size) {
  switch (scaling) {
    case LearningRateScaling::none: return base;
    case LearningRateScaling::linear: return base * static_cast<double>(batch_size) / 256;
    case LearningRateScaling::sqrt: return base * std::sqrt(static_cast<double>(batch_size));
  }
  return base;
}

std::int64_t simclr_steps(std::int64_t epochs, std::int64_t examples, std::int64_t batch_size) {
  return examples / batch_size * epochs + examples % batch_size * epochs / batch_size + 1;
}

std::int64_t simclr_warmup_steps(double warmup_epochs, std::int64_t examples, std::int64_t batch_size) {
  return std::llrint(std::floor(warmup_epochs * static_cast<double>(examples) / static_cast<double>(batch_size)));
}

}  // namespace engine
