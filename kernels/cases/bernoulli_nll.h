#pragma once
#include "kernels/bernoulli_nll.h"
#include "kernels/cases/kernel_case.h"

namespace kernels {

struct BernoulliNllExample {
  Shape shape;
  Dtype dtype = Dtype::f32;
  std::vector<double> logits, targets;
  float dloss = 1;
  std::vector<double> dlogits = {};  ///< what the gradient is added to; none: it overwrites
  bool skewed = false;
};

KernelCase<BernoulliNllForward> bernoulli_nll_forward_case(const BernoulliNllExample& example);
KernelCase<BernoulliNllBackward> bernoulli_nll_backward_case(const BernoulliNllExample& example);

}  // namespace kernels
