#include "tests/cases/gaussian_latent.h"

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Dtype;
using kernels::GaussianLatentExample;
using kernels::LatentGradients;

std::vector<double> random(std::int64_t count, std::uint64_t seed, double factor = 1) {
  std::vector<double> values;
  for (const float x : random_values(count, seed)) values.push_back(factor * static_cast<double>(x));
  return values;
}

std::vector<GaussianLatentExample> examples() {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{1, 1},  {1, 2},   {3, 5},   {2, 64},
                                                          {7, 67}, {33, 16}, {4, 130}, {150, 12}};
  std::vector<GaussianLatentExample> all;
  for (const auto& [n, d] : shapes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const bool skewed : {false, true}) {
        all.push_back({.n = n,
                       .d = d,
                       .mean = random(n * d, 1, 2),
                       .log_variance = random(n * d, 2, 3),
                       .dtype = dtype,
                       .skewed = skewed});
      }
    }
  }
  GaussianLatentExample part = all[8];
  part.part = 2;
  part.parts = 3;
  all.push_back(part);
  return all;
}

}  // namespace

std::vector<KernelCase<kernels::GaussianLatentForward>> gaussian_latent_forward_cases() {
  std::vector<GaussianLatentExample> all = examples();
  all.push_back({.n = 1, .d = 2, .mean = {0.5, -1}, .log_variance = {0.2, -0.3}});  // the golden value, .6561104893
  const std::vector<double> zeros(18, 0);
  all.push_back({.n = 3, .d = 6, .mean = zeros, .log_variance = zeros});  // the prior: the noise, and no divergence
  all.push_back({.n = 2, .d = 2, .mean = {0, 0, 0, 0}, .log_variance = {400, -400, 0, 0}});  // an infinite variance
  all.push_back({.n = 0, .d = 8, .mean = {}, .log_variance = {}});
  std::vector<KernelCase<kernels::GaussianLatentForward>> cases;
  for (const GaussianLatentExample& e : all) {
    cases.push_back(gaussian_latent_forward_case(e));
    if (e.n == 2 && e.d == 2) cases.back().buffers[3].tolerance.reset();  // z has no limit that both devices agree on
  }
  return cases;
}

std::vector<KernelCase<kernels::GaussianLatentBackward>> gaussian_latent_backward_cases() {
  std::vector<KernelCase<kernels::GaussianLatentBackward>> cases;
  for (const GaussianLatentExample& e : examples()) {
    const std::vector<double> dz = random(e.n * e.d, 3), before = random(e.n * e.d, 4);
    for (const LatentGradients& g : std::initializer_list<LatentGradients>{
             {.dz = dz, .dkl = 1.5},
             {.dz = dz, .dkl = 1.5, .added_to = before},
             {.dz = dz},
             {.dkl = 1.5},
             {.dkl = 1.5, .added_to = before},
             {.dz = dz, .dkl = 1.5, .by_log_variance = false},
             {.dz = dz, .dkl = 1.5, .by_mean = false},
         }) {
      cases.push_back(gaussian_latent_backward_case(e, g));
    }
  }
  return cases;
}

}  // namespace tests
