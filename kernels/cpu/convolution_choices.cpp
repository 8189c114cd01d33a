#include "kernels/cpu/convolution_choices.h"

#include <algorithm>
#include <array>
#include <limits>
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

/// Transforming in bf16 would lose too many digits.
bool can_be_winograd(const ConvolutionProblem& problem) {
  return problem.dtype == Dtype::f32 && winograd_takes(problem.g);
}

/// Where oneDNN's kernels for bf16 wait for weights: few pixels share what is read of many.
bool weights_outweigh(const Conv2dGeometry& g) {
  constexpr std::int64_t kFewPixels = 16, kManyWeights = 1 << 16;
  return g.r * g.s > 1 && g.p() * g.q() <= kFewPixels && g.c * g.k >= kManyWeights;
}

/// What is fastest on most processors. Transforming the filters must pay.
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

/// The algorithms of these names, without names that this build does not know.
std::map<std::string, ConvolutionAlgorithm> named(const engine::TimedChoices::Names& names) {
  std::map<std::string, ConvolutionAlgorithm> known;
  for (const auto& [key, algorithm] : names) {
    const auto found = std::find(kNames.begin(), kNames.end(), algorithm);
    if (found != kNames.end()) known[key] = static_cast<ConvolutionAlgorithm>(found - kNames.begin());
  }
  return known;
}

/// The shortest of a few runs each, taken in turns so that a disturbance hits all alike.
ConvolutionAlgorithm fastest(const std::vector<ConvolutionAlgorithm>& ways,
                             const ConvolutionChoices::Seconds& seconds) {
  constexpr int kRounds = 4;  // the first compiles and warms up
  std::vector<double> shortest(ways.size(), std::numeric_limits<double>::infinity());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const double time = seconds(ways[i]);
      if (round > 0) shortest[i] = std::min(shortest[i], time);
    }
  }
  return ways[static_cast<std::size_t>(std::min_element(shortest.begin(), shortest.end()) - shortest.begin())];
}

}  // namespace

ConvolutionAlgorithm ConvolutionChoices::choose(const ConvolutionProblem& problem, const Seconds& seconds) {
  if (const auto found = decided_.find(problem); found != decided_.end()) return found->second;
  return decided_[problem] = decide(problem, seconds);
}

ConvolutionAlgorithm ConvolutionChoices::decide(const ConvolutionProblem& problem, const Seconds& seconds) {
  constexpr std::int64_t kWorthTiming = 200'000'000;  // operations: half a millisecond
  if (problem.g.operations() < kWorthTiming) return usual(problem);
  const std::string name = key(problem);
  const std::vector<ConvolutionAlgorithm> ways = candidates(problem);
  const auto known = [&] {
    const auto found = timed_.find(name);
    return found != timed_.end() && std::find(ways.begin(), ways.end(), found->second) != ways.end();
  };
  if (!known() && !time_new_) return usual(problem);
  if (!known() && ask_) timed_.merge(named(ask_()));
  if (!known()) timed_.insert_or_assign(name, fastest(ways, seconds));
  const ConvolutionAlgorithm algorithm = timed_.at(name);
  used_[name] = kNames[static_cast<std::size_t>(algorithm)];
  return algorithm;
}

void ConvolutionChoices::restore(const Names& names) {
  std::map<std::string, ConvolutionAlgorithm> restored = named(names);
  restored.merge(timed_);
  timed_ = std::move(restored);
  decided_.clear();
}

}  // namespace kernels::cpu
