#include "tests/cases/bernoulli_nll.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Dtype;
using engine::Shape;
using kernels::BernoulliNllExample;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Logits from -30 to 30, most of them near 0; targets in [0,1], with some at the ends.
BernoulliNllExample example(const Shape& shape, Dtype dtype, bool skewed = false) {
  BernoulliNllExample e{
      .shape = shape, .dtype = dtype, .logits = {}, .targets = {}, .dloss = 1.75f, .dlogits = {}, .skewed = skewed};
  for (const float x : random_values(shape.elements(), 1)) e.logits.push_back(30 * std::pow(static_cast<double>(x), 5));
  for (const float x : random_values(shape.elements(), 2))
    e.targets.push_back(std::clamp(0.5 + 0.6 * static_cast<double>(x), 0.0, 1.0));
  return e;
}

std::vector<BernoulliNllExample> examples() {
  const Shape shapes[] = {{1, 1},  {1, 7},          {3, 5, 7, 1},     {2, 28, 28, 3},
                          {5, 64}, {2, 33, 31, 21}, {1, 16, 1024, 2}, {7, 129}};
  std::vector<BernoulliNllExample> all;
  for (const Shape& shape : shapes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const bool skewed : {false, true}) all.push_back(example(shape, dtype, skewed));
    }
  }
  return all;
}

}  // namespace

std::vector<KernelCase<kernels::BernoulliNllForward>> bernoulli_nll_forward_cases() {
  std::vector<BernoulliNllExample> all = examples();
  all.push_back({.shape = {1, 1}, .logits = {2}, .targets = {0.3}});  // the golden value, 1.5269280110
  // Where exponentials overflow, or 1 + exp(-|l|) is 1 in f32.
  all.push_back({.shape = {2, 4},
                 .logits = {1000, -1000, 3e38, -3e38, 20, -20, 88, -104},
                 .targets = {1, 0, 1, 0, 0.25, 0.75, 1, 0}});
  // Terms far below 1: the loss is 3e-9 and not 0.
  all.push_back({.shape = {4, 32}, .logits = std::vector<double>(128, -23), .targets = std::vector<double>(128, 0)});
  for (const double broken : {std::nan(""), kInfinity}) {
    BernoulliNllExample e = example({1, 40}, Dtype::f32);
    e.logits[17] = broken;
    e.targets[17] = 0.5;
    all.push_back(e);
  }
  all.push_back({.shape = {0, 9}, .logits = {}, .targets = {}});
  std::vector<KernelCase<kernels::BernoulliNllForward>> cases;
  for (const BernoulliNllExample& e : all) cases.push_back(bernoulli_nll_forward_case(e));
  return cases;
}

std::vector<KernelCase<kernels::BernoulliNllBackward>> bernoulli_nll_backward_cases() {
  std::vector<KernelCase<kernels::BernoulliNllBackward>> cases;
  for (BernoulliNllExample e : examples()) {
    cases.push_back(bernoulli_nll_backward_case(e));
    for (const float x : random_values(e.shape.elements(), 3)) e.dlogits.push_back(static_cast<double>(x));
    cases.push_back(bernoulli_nll_backward_case(e));
  }
  BernoulliNllExample large = example({2, 4}, Dtype::f32);
  large.logits = {1000, -1000, 3e38, -3e38, 20, -20, 88, -104};
  large.dlogits = std::vector<double>(8, 0);  // central differences of such logits are not exact
  cases.push_back(bernoulli_nll_backward_case(large));
  return cases;
}

}  // namespace tests
