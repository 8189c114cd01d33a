#include "kernels/cases/bernoulli_nll.h"

#include <algorithm>
#include <cmath>

namespace kernels {
namespace {

constexpr std::size_t kLogits = 0, kTargets = 1, kLoss = 2;  // of the forward pass
constexpr std::size_t kDloss = 2, kDlogits = 3;              // of the backward pass, behind logits and targets

double cross_entropy(double l, double t) { return std::max(l, 0.0) - l * t + std::log1p(std::exp(-std::abs(l))); }

double loss_of(const CaseValues& v, double images) {
  double sum = 0;
  for (std::size_t i = 0; i < v[kLogits].size(); ++i) sum += cross_entropy(v[kLogits][i], v[kTargets][i]);
  return images > 0 ? sum / images : 0;
}

std::string name_of(const BernoulliNllExample& e) {
  return engine::concat(engine::name(e.dtype), " ", e.shape, e.skewed ? ", skewed" : "");
}

}  // namespace

KernelCase<BernoulliNllForward> bernoulli_nll_forward_case(const BernoulliNllExample& e) {
  const auto images = static_cast<double>(e.shape[0]);
  return {.name = name_of(e),
          .buffers = {{.shape = e.shape, .values = e.logits, .dtype = e.dtype, .skewed = e.skewed},
                      {.shape = e.shape, .values = e.targets, .dtype = e.dtype, .skewed = e.skewed},
                      {.shape = Shape(), .tolerance = 3e-7, .relative = true}},
          .arguments =
              [](const std::vector<View>& on) {
                return BernoulliNllForward{.logits = on[kLogits], .targets = on[kTargets], .loss = on[kLoss]};
              },
          .definition = [images](CaseValues& v) { v[kLoss] = {loss_of(v, images)}; }};
}

KernelCase<BernoulliNllBackward> bernoulli_nll_backward_case(const BernoulliNllExample& e) {
  const auto images = static_cast<double>(e.shape[0]);
  const bool accumulates = !e.dlogits.empty();
  KernelCase<BernoulliNllBackward> made{
      .name = engine::concat(name_of(e), accumulates ? ", accumulated" : ""),
      .buffers = {{.shape = e.shape, .values = e.logits, .dtype = e.dtype, .skewed = e.skewed},
                  {.shape = e.shape, .values = e.targets, .dtype = e.dtype, .skewed = e.skewed},
                  {.shape = Shape(), .values = {static_cast<double>(e.dloss)}},
                  {.shape = e.shape,
                   .values = e.dlogits,
                   .dtype = e.dtype,
                   .tolerance = 5e-7 + (e.dtype == Dtype::bf16 ? 0x1p-8 : 0),
                   .skewed = e.skewed}},
      .arguments =
          [accumulates](const std::vector<View>& on) {
            return BernoulliNllBackward{.dloss = on[kDloss],
                                        .logits = on[kLogits],
                                        .targets = on[kTargets],
                                        .dlogits = {on[kDlogits], accumulates}};
          },
      .definition =
          [images, accumulates](CaseValues& v) {
            for (std::size_t i = 0; i < v[kLogits].size(); ++i) {
              const double sigma = 1 / (1 + std::exp(-v[kLogits][i]));
              const double gradient = v[kDloss][0] / images * (sigma - v[kTargets][i]);
              v[kDlogits][i] = accumulates ? v[kDlogits][i] + gradient : gradient;
            }
          }};
  if (e.dtype == Dtype::f32 && !accumulates) {
    made.gradients = {{.result = kDlogits,
                       .variable = kLogits,
                       .value = [images](const CaseValues& v) { return v[kDloss][0] * loss_of(v, images); },
                       .step = 1e-4}};
  }
  return made;
}

}  // namespace kernels
