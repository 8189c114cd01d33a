#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace tests {

/// Uniform values in [-1, 1), the same for the same seed.
std::vector<float> random_values(std::int64_t count, std::uint64_t seed);
/// The same in an f32 or bf16 tensor.
engine::Tensor random_tensor(const engine::Context& context, engine::Shape shape, std::uint64_t seed,
                             engine::Dtype dtype = engine::Dtype::f32);
/// An f32 or bf16 tensor's values on the host.
std::vector<float> to_floats(const engine::Tensor& x);
/// The largest relative error of rounding to `dtype` (f32 or bf16) and of one operation in f32.
double rounding(engine::Dtype dtype);

/// Whether the CPU computes in bf16; where not, says that the test is skipped.
bool computes_bf16();

/// Checks |actual - expected| <= tolerance * (1 + |expected|) for every element and reports the worst one.
void expect_close(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance);

/// |a - b| / |b|, of vectors of one length.
double relative_distance(const std::vector<float>& a, const std::vector<float>& b);

using Function = std::function<engine::Tensor(const std::vector<engine::Tensor>&)>;

struct GradientCheck {
  double step = 1e-2;       ///< of the central difference
  double tolerance = 2e-3;  ///< relative to 1 + |gradient|; dominated by f32 rounding over the step
  int samples = 40;         ///< elements checked per input, spread evenly; all of them when there are fewer
};

/// Compares the gradients of sum(r * f(inputs)), r random, with central differences taken in double.
void check_gradients(const Function& f, const std::vector<engine::Tensor>& inputs, GradientCheck options = {});

}  // namespace tests
