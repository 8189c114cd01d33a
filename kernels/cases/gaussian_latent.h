#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/gaussian_latent.h"

namespace kernels {

struct GaussianLatentExample {
  std::int64_t n, d;
  std::vector<double> mean, log_variance;
  Dtype dtype = Dtype::f32;  ///< of z and its gradient
  std::uint64_t seed = 5;
  std::int32_t step = 12;
  std::int64_t part = 0, parts = 1;  ///< of the batch
  bool skewed = false;
};

/// Which gradients come in, and which go out.
struct LatentGradients {
  std::vector<double> dz = {};
  std::optional<double> dkl = {};
  bool by_mean = true, by_log_variance = true;
  std::vector<double> added_to = {};  ///< what both results are added to; none: they overwrite
};

KernelCase<GaussianLatentForward> gaussian_latent_forward_case(const GaussianLatentExample& example);
KernelCase<GaussianLatentBackward> gaussian_latent_backward_case(const GaussianLatentExample& example,
                                                                 const LatentGradients& gradients);

/// The noise of a step, [n,d], by its definition in double.
std::vector<double> latent_noise(std::uint64_t seed, std::int64_t step, std::int64_t n, std::int64_t d);

}  // namespace kernels
