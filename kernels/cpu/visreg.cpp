#include "kernels/visreg.h"

#include <cmath>

#include "kernels/cpu/loops.h"

namespace kernels::cpu {
namespace {

/// body(first element of the row, first of its group's features) for every row.
template <class Body>
void for_each_row(const Shape& rows, const Shape& statistics, const Body& body) {
  const std::int64_t count = rows.rows(), d = rows.cols(), n = count / statistics.rows();
#pragma omp parallel for schedule(static) if (count * d >= kParallelElements)
  for (std::int64_t i = 0; i < count; ++i) body(i * d, i / n * d);
}

}  // namespace

void visreg_standardize(const Context&, const VisregStandardize& args) {
  const std::int64_t groups = args.mean.shape.rows(), d = args.mean.shape.cols();
  const double* moments = args.moments.as<double>();
  float *mean = args.mean.as<float>(), *std = args.std.as<float>();
  double scale = 0, centre = 0;
  for (std::int64_t g = 0; g < groups; ++g) {
    const double *rows = moments + 3 * g * d, *means = rows + d, *squares = means + d;
    for (std::int64_t j = 0; j < d; ++j) {
      const double deviation = std::sqrt(squares[j] / rows[j]);
      scale += (1 - deviation) * (1 - deviation);
      centre += means[j] * means[j];
      mean[g * d + j] = static_cast<float>(means[j]);
      std[g * d + j] = static_cast<float>(deviation);
    }
  }
  const auto features = static_cast<double>(groups * d);
  args.terms.as<float>()[0] = static_cast<float>(scale / features);
  args.terms.as<float>()[1] = static_cast<float>(centre / features);

  const float* x = args.x.as<float>();
  float* y = args.y.as<float>();
  for_each_row(args.x.shape, args.mean.shape, [=, epsilon = args.epsilon](std::int64_t row, std::int64_t feature) {
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) y[row + j] = (x[row + j] - mean[feature + j]) / (std[feature + j] + epsilon);
  });
}

void visreg_gradient(const Context&, const VisregGradient& args) {
  const std::int64_t d = args.y.shape.cols();
  const float *y = args.y.as<float>(), *mean = args.mean.as<float>(), *std = args.std.as<float>();
  float* gradient = args.gradient.as<float>();
  const float factor = 2 * args.share / static_cast<float>(args.y.shape.elements());
  for_each_row(args.y.shape, args.mean.shape, [=, epsilon = args.epsilon](std::int64_t row, std::int64_t feature) {
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) {
      const float deviation = std[feature + j], divisor = deviation + epsilon;
      const float distance = deviation == 0 ? 0.0f : y[row + j] * divisor / deviation;  // from the mean, in std
      gradient[row + j] = gradient[row + j] / divisor + factor * ((deviation - 1) * distance + mean[feature + j]);
    }
  });
}

}  // namespace kernels::cpu
