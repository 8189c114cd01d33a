#pragma once
#include "kernels/kernel.h"

namespace kernels {

// The latent variable of a VAE (Kingma & Welling 2014), a normal distribution per image and column:
//   z  = mean + exp(log_variance / 2) eps,  eps ~ N(0, I)
//   kl = (1/N) sum over all elements of -1/2 (1 + log_variance - mean^2 - exp(log_variance)),
// the Kullback-Leibler divergence from N(0, I), in nats per image. eps of row i comes from
// Philox(seed, latent, 0, (step * parts + part) * N + i), four numbers from the four words of a draw: it depends on no
// other row nor on how many parts a batch is computed in, is the same on every device but for rounding, and is never
// stored. Summed in double; without images kl is 0.
struct GaussianLatentForward {
  ConstView mean, log_variance;  // f32 [N,d]
  std::uint64_t seed;
  ConstView step;                    // i32, one element, in device memory
  std::int64_t part = 0, parts = 1;  // of a batch that is computed in equal parts, the rows are this one
  View z;                            // f32 or bf16 [N,d]
  View kl;                           // [] f32
  Cost cost() const {
    return {.bytes = 2 * bytes_of(mean) + bytes_of(ConstView(z)), .operations = 40 * mean.shape.elements()};
  }
};
// dmean         (+)= dz + dkl mean / N
// dlog_variance (+)= 1/2 (dz exp(log_variance / 2) eps + dkl (exp(log_variance) - 1) / N)
// Draws eps again. Without dz or without dkl (not both), its terms are left out.
struct GaussianLatentBackward {
  ConstView dz;   // of z's type and shape, or none
  ConstView dkl;  // [] f32, or none
  ConstView mean, log_variance;
  std::uint64_t seed;
  ConstView step;
  std::int64_t part = 0, parts = 1;
  Destination dmean, dlog_variance;  // f32 [N,d]; either may be absent
  Cost cost() const {
    return {.bytes = bytes_of(dz) + 2 * bytes_of(mean) + bytes_of(dmean) + bytes_of(dlog_variance),
            .operations = (dz ? 40 : 10) * mean.shape.elements()};
  }
};

KERNEL(gaussian_latent_forward, GaussianLatentForward);
KERNEL(gaussian_latent_backward, GaussianLatentBackward);

}  // namespace kernels
