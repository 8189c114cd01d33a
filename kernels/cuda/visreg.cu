#include "kernels/visreg.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"

namespace kernels::cuda {
namespace {

// One block for all features: there are a few thousand at most.
__global__ void __launch_bounds__(kThreads)
    finish_moments(const double* moments, std::int64_t groups, std::int64_t d, float* mean, float* std, float* terms) {
  double scale = 0, centre = 0;
  for (std::int64_t i = threadIdx.x; i < groups * d; i += kThreads) {
    const double* rows = moments + 3 * (i / d) * d + i % d;
    const double deviation = sqrt(rows[2 * d] / rows[0]);
    scale += (1 - deviation) * (1 - deviation);
    centre += rows[d] * rows[d];
    mean[i] = static_cast<float>(rows[d]);
    std[i] = static_cast<float>(deviation);
  }
  scale = block_sum(scale);
  centre = block_sum(centre);
  if (threadIdx.x != 0) return;
  terms[0] = static_cast<float>(scale / static_cast<double>(groups * d));
  terms[1] = static_cast<float>(centre / static_cast<double>(groups * d));
}

// One warp per row, here and below; n rows have the same statistics.
__global__ void __launch_bounds__(kThreads)
    standardize(const float* x, std::int64_t rows, std::int64_t n, std::int64_t d, const float* means,
                const float* stds, float epsilon, float* y) {
  const std::int64_t row = warp_in_grid();
  if (row >= rows) return;
  const float *mean = means + row / n * d, *std = stds + row / n * d;
  for (std::int64_t j = lane_in_warp(); j < d; j += kWarp) {
    y[row * d + j] = (x[row * d + j] - mean[j]) / (std[j] + epsilon);
  }
}

__global__ void __launch_bounds__(kThreads)
    add_terms(const float* y, std::int64_t rows, std::int64_t n, std::int64_t d, const float* means, const float* stds,
              float epsilon, float factor, float* gradient) {
  const std::int64_t row = warp_in_grid();
  if (row >= rows) return;
  const float *mean = means + row / n * d, *std = stds + row / n * d;
  for (std::int64_t j = lane_in_warp(); j < d; j += kWarp) {
    const std::int64_t i = row * d + j;
    const float deviation = std[j], divisor = deviation + epsilon;
    const float distance = deviation == 0 ? 0.0f : y[i] * divisor / deviation;  // from the mean, in std
    gradient[i] = gradient[i] / divisor + factor * ((deviation - 1) * distance + mean[j]);
  }
}

}  // namespace

void visreg_standardize(const Context& context, const VisregStandardize& args) {
  const std::int64_t groups = args.mean.shape.rows(), d = args.mean.shape.cols(), rows = args.x.shape.rows();
  float *mean = args.mean.as<float>(), *std = args.std.as<float>();
  launch(block_each(1, stream(context)), finish_moments, args.moments.as<double>(), groups, d, mean, std,
         args.terms.as<float>());
  launch(warp_each(rows, stream(context)), standardize, args.x.as<float>(), rows, rows / groups, d, mean, std,
         args.epsilon, args.y.as<float>());
}

void visreg_gradient(const Context& context, const VisregGradient& args) {
  const std::int64_t groups = args.mean.shape.rows(), d = args.mean.shape.cols(), rows = args.y.shape.rows();
  launch(warp_each(rows, stream(context)), add_terms, args.y.as<float>(), rows, rows / groups, d, args.mean.as<float>(),
         args.std.as<float>(), args.epsilon, 2 * args.share / static_cast<float>(rows * d), args.gradient.as<float>());
}

}  // namespace kernels::cuda
