#pragma once
#include <cmath>

#include "kernels/harmonics.h"
#include "kernels/kernel.h"

namespace kernels {

// The test of normality of Epps & Pulley (1983), as SIGReg applies it to projections (Balestriero & LeCun 2025). Of the
// n samples of a slice:
//   statistic = n sum_k w_k phi_k ((mean cos(t_k x) - phi_k)^2 + (mean sin(t_k x))^2),   phi_k = exp(-t_k^2 / 2)
//   dstatistic/dx_i = sum_k 2 w_k phi_k t_k (mean sin(t_k x) cos(t_k x_i) - (mean cos(t_k x) - phi_k) sin(t_k x_i))
// The characteristic functions are compared at t_k = k t_max / (knots - 1), k = 0 .. knots - 1. The weights w_k are
// those of the trapezoid rule over [-t_max, t_max]: twice the spacing, and half of that at both ends of [0, t_max].
// Both functions are 1 at t_0 = 0.

inline constexpr int kMostKnots = 65;

struct EppsPulley {
  View x;  // f32 [m, groups n]: m slices of samples; a group of n in a row is tested for itself
  std::int64_t groups;
  int knots;
  float t_max;
  View statistic;  // f32 [m,groups]
  /// 0: x is only read. Else x_i is replaced by this factor times dstatistic/dx_i: no second matrix is needed.
  float gradient_factor = 0;

  Cost cost() const {
    const bool gradient = gradient_factor != 0;
    return {.bytes = bytes_of(ConstView(x)) * (gradient ? 2 : 1) + bytes_of(ConstView(statistic)),
            .operations = x.shape.elements() * (40 + 4 * (knots - 1)) * (gradient ? 2 : 1)};
  }
};

KERNEL(epps_pulley, EppsPulley);

/// What a test of one group needs beside the samples: the knots but t_0.
struct EppsPulleyKnots {
  struct Knot {
    double t, normal, weight;  // normal: phi_k; weight: w_k phi_k
  };
  Knot knot[kMostKnots - 1];
  int count;
  float spacing;

  EppsPulleyKnots(int knots, float t_max) : count(knots - 1), spacing(t_max / static_cast<float>(knots - 1)) {
    for (int k = 0; k < count; ++k) {
      const double t = (k + 1) * static_cast<double>(spacing), normal = std::exp(-t * t / 2);
      knot[k] = {.t = t, .normal = normal, .weight = (k + 1 < count ? 2 : 1) * static_cast<double>(spacing) * normal};
    }
  }

  HOST_DEVICE int harmonic_groups() const { return kernels::harmonic_groups(count); }

  /// Knot k's part of the statistic of n samples. `cosine` and `sine` are its sums over the samples, and become the
  /// coefficients of cos(t_k x_i) and sin(t_k x_i) in the gradient.
  HOST_DEVICE double compare(int k, double n, double gradient_factor, double& cosine, double& sine) const {
    const Knot& at = knot[k];
    const double real = cosine / n - at.normal, imaginary = sine / n;
    const double slope = 2 * gradient_factor * at.weight * at.t;
    cosine = slope * imaginary;
    sine = -slope * real;
    return n * at.weight * (real * real + imaginary * imaginary);
  }
};

}  // namespace kernels
