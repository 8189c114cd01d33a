#include "kernels/cpu/convolution_algorithms.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cpu/direct_convolution.h"
#include "kernels/cpu/lowered_convolution.h"
#include "kernels/cpu/winograd_convolution.h"
#include "kernels/runtime/error.h"

namespace kernels::cpu {
namespace {

constexpr std::array<const char*, 4> kNames = {"direct", "blocked", "lowered", "winograd"};

std::string key(const ConvolutionProblem& problem) {
  constexpr std::array<const char*, 3> kPasses = {"forward", "dgrad", "wgrad"};
  const Conv2dGeometry& g = problem.g;
  return engine::concat("conv2d_", kPasses[static_cast<std::size_t>(problem.pass)], " x=", g.n, "x", g.h, "x", g.w, "x",
                        g.c, " weight=", g.k, "x", g.r, "x", g.s, "x", g.c, " stride=", g.stride, " pad=", g.pad,
                        problem.dtype == Dtype::bf16 ? " bf16" : "");
}

/// In f32 only: transforms in bf16 would lose too many digits.
bool can_be_winograd(const ConvolutionProblem& problem) {
  return problem.dtype == Dtype::f32 && winograd_takes(problem.g);
}

/// Whether oneDNN's bf16 kernels are limited by loading weights: many weights are used for few pixels.
bool weights_outweigh(const Conv2dGeometry& g) {
  constexpr std::int64_t kFewPixels = 16, kManyWeights = 1 << 16;
  return g.r * g.s > 1 && g.p() * g.q() <= kFewPixels && g.c * g.k >= kManyWeights;
}

/// The fastest algorithm on most processors. Winograd needs enough outputs to pay for the transform of the filters.
ConvolutionAlgorithm usual(const ConvolutionProblem& problem) {
  constexpr std::int64_t kManyOutputs = 512;
  const Conv2dGeometry& g = problem.g;
  if (can_be_winograd(problem) && g.n * g.p() * g.q() >= kManyOutputs) return ConvolutionAlgorithm::winograd;
  const bool lower = problem.dtype == Dtype::bf16 ? weights_outweigh(g) : lowering_is_faster(g);
  if (lower || !direct_takes(g)) return ConvolutionAlgorithm::lowered;
  return ConvolutionAlgorithm::direct;
}

std::vector<ConvolutionAlgorithm> candidates(const ConvolutionProblem& problem) {
  const Conv2dGeometry& g = problem.g;
  std::vector<ConvolutionAlgorithm> all;
  if (direct_takes(g)) all = {ConvolutionAlgorithm::direct, ConvolutionAlgorithm::blocked};
  if (g.r * g.s > 1 || all.empty()) all.push_back(ConvolutionAlgorithm::lowered);
  if (can_be_winograd(problem)) all.push_back(ConvolutionAlgorithm::winograd);
  return all;
}

std::optional<ConvolutionAlgorithm> named(const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<ConvolutionAlgorithm>(found - kNames.begin());
}

ConvolutionAlgorithm choose_anew(engine::AlgorithmCache& cache, const ConvolutionProblem& problem,
                                 const ConvolutionAlgorithms::Seconds& seconds) {
  constexpr std::int64_t kWorthTiming = 200'000'000;  // operations, half a millisecond
  if (problem.g.operations() < kWorthTiming) return usual(problem);
  const std::vector<ConvolutionAlgorithm> all = candidates(problem);
  const auto usable = [&](const std::string& name) {
    const auto algorithm = named(name);
    return algorithm && std::find(all.begin(), all.end(), *algorithm) != all.end();
  };
  const auto time = [&] {
    const std::size_t best = engine::fastest(all.size(), [&](std::size_t i) { return seconds(all[i]); });
    return std::string(kNames[static_cast<std::size_t>(all[best])]);
  };
  const auto name = cache.find(key(problem), usable, time);
  return name ? *named(*name) : usual(problem);
}

}  // namespace

ConvolutionAlgorithm ConvolutionAlgorithms::choose(engine::AlgorithmCache& cache, const ConvolutionProblem& problem,
                                                   const Seconds& seconds) {
  if (std::exchange(restored_, cache.restored()) != cache.restored()) chosen_.clear();
  if (const auto found = chosen_.find(problem); found != chosen_.end()) return found->second;
  return chosen_[problem] = choose_anew(cache, problem, seconds);
}

}  // namespace kernels::cpu
