#pragma once
#include "kernels/training.h"

namespace kernels {

// Optimizer steps over all parameters at once. Flat buffers are f32: one slice per parameter, aligned to kSegmentBlock
// elements, with zeros in the gaps. `blocks` [elements / kSegmentBlock] i32 holds the segment (parameter) of each
// block, in ascending order. Settings per segment are f32 [segments]. Everywhere g = gradient + decay w, with the
// segment's decay.

inline constexpr std::int64_t kSegmentBlock = 32;

// norms[0] = the 2-norm of the whole g; norms[1] = sum over segments of penalty |w|^2, the L2 terms of the loss;
// segment_norms = {|w|, |g|} of each segment, for LARS. Sets status[kStatusNonfinite] if norms[0] or the loss is not
// finite.
struct GradientNorm {
  ConstView gradient, value;  // flat
  ConstView blocks, decay, penalty;
  ConstView loss;      // [] f32
  View norms;          // [2] f32
  View segment_norms;  // [segments, 2] f32
  View status;
  Cost cost() const { return {.bytes = 2 * bytes_of(value), .operations = 6 * value.shape.elements()}; }
};

/// The arguments of every update. Once the status is non-finite, an update changes nothing.
struct Update {
  View value;          // flat
  ConstView gradient;  // flat
  View shadow;         // flat, bf16: the rounded values, which the layers read; or absent
  ConstView blocks, decay;
  ConstView learning_rates;  // [slots] f32; below, lr is entry status[kStatusStep] % slots
  ConstView status;
};

// Adam (Kingma & Ba 2015) in Keras form, epsilon outside the bias correction: with t the number of this update from 1,
// m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2; w -= lr sqrt(1-beta2^t)/(1-beta1^t) m / (sqrt(v) + epsilon).
struct Adam {
  Update update;
  View first_moment, second_moment;  // flat
  float beta1, beta2, epsilon;
  Cost cost() const { return {.bytes = 7 * bytes_of(first_moment), .operations = 12 * first_moment.shape.elements()}; }
};

// SGD with momentum as in PyTorch, the learning rate outside the velocity: v = momentum v + g; w -= lr v, or with
// Nesterov momentum w -= lr (g + momentum v). With the rate inside, as in Keras: v = momentum v + lr g; w -= v, or w -=
// lr g + momentum v. Both forms give the same weights while the rate is constant.
struct Sgd {
  Update update;
  View velocity;  // flat
  float momentum;
  bool nesterov, rate_in_velocity = false;
  Cost cost() const { return {.bytes = 5 * bytes_of(velocity), .operations = 6 * velocity.shape.elements()}; }
};

// LARS (You et al. 2017) as SimCLR runs it, the rate inside the velocity: v = momentum v + lr r g; w -= v, with the
// trust ratio r = trust |w| / |g| of the segment, and no epsilon: r = 1 if either norm is 0. Where trust is 0, r = 1.
struct Lars {
  Update update;
  View velocity;            // flat
  ConstView trust;          // [segments] f32
  ConstView segment_norms;  // [segments, 2] f32, of this step's gradient_norm
  float momentum;
  Cost cost() const { return {.bytes = 5 * bytes_of(velocity), .operations = 6 * velocity.shape.elements()}; }
};

KERNEL(gradient_norm, GradientNorm);
KERNEL(adam, Adam);
KERNEL(sgd, Sgd);
KERNEL(lars, Lars);

}  // namespace kernels
