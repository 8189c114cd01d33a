#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace tests {

/// Uniform values in [-1, 1), the same for the same seed.
std::vector<float> random_values(std::int64_t count, std::uint64_t seed);
engine::Tensor random_tensor(const engine::Context& context, engine::Shape shape, std::uint64_t seed);

/// Checks |actual - expected| <= tolerance * (1 + |expected|) for every element and reports the worst one.
void expect_close(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance);

using Function = std::function<engine::Tensor(const std::vector<engine::Tensor>&)>;

struct GradientCheck {
  double step = 1e-2;       ///< of the central difference
  double tolerance = 2e-3;  ///< relative to 1 + |gradient|; dominated by f32 rounding over the step
  int samples = 40;         ///< elements checked per input, spread evenly; all of them when there are fewer
};

/// Compares the gradients of sum(r * f(inputs)), r random, with central differences taken in double.
void check_gradients(const Function& f, const std::vector<engine::Tensor>& inputs, GradientCheck options = {});

}  // namespace tests
