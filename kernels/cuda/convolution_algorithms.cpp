#include "kernels/cuda/convolution_algorithms.h"

#include <chrono>
#include <utility>

#include "kernels/cuda/capture.h"

namespace kernels::cuda {
namespace {

/// The plans of the first `most` advised algorithms that compile.
std::vector<ConvolutionPlan> candidates(const PlanTarget& target, const ConvolutionProblem& problem, std::size_t most) {
  std::vector<ConvolutionPlan> plans;
  for (const std::string& algorithm : advised_algorithms(target, problem)) {
    if (plans.size() == most) break;
    if (std::optional<ConvolutionPlan> plan = compile(target, problem, algorithm)) plans.push_back(*std::move(plan));
  }
  EXPECTS(!plans.empty(), problem.name(), ": cuDNN ", cudnnGetVersion(), " has no algorithm for it on this GPU");
  return plans;
}

}  // namespace

ConvolutionPlan choose_plan(const PlanTarget& target, engine::AlgorithmCache& cache, const ConvolutionProblem& problem,
                            const PlanSeconds& seconds) {
  constexpr std::size_t kMostTimed = 10;
  std::optional<ConvolutionPlan> plan;
  const auto usable = [&](const std::string& algorithm) {
    plan = compile(target, problem, algorithm);
    return plan.has_value();
  };
  const auto time = [&] {
    const std::vector<ConvolutionPlan> plans = candidates(target, problem, kMostTimed);
    const auto seconds_of = [&](std::size_t i) { return seconds(plans[i]); };
    plan = plans[plans.size() == 1 ? 0 : engine::fastest(plans.size(), seconds_of)];
    return plan->algorithm;
  };
  if (!cache.find(problem.name(), usable, time)) return candidates(target, problem, 1).front();
  return *plan;
}

const ConvolutionPlan& Convolutions::plan(const Context& context, const ConvolutionProblem& problem,
                                          const PlanSeconds& seconds) {
  engine::AlgorithmCache& cache = context.algorithms();
  if (std::exchange(restored_, cache.restored()) != cache.restored()) {
    // Their code stays loaded: a recorded step may launch it.
    for (auto& [done, plan] : plans_) retired_.push_back(std::move(plan));
    plans_.clear();
  }
  if (const auto found = plans_.find(problem); found != plans_.end()) return found->second;
  expect_no_capture(context, problem.name());
  if (handle() == nullptr) handle_ = make_dnn_handle(stream(context));
  const auto begin = std::chrono::steady_clock::now();
  const ConvolutionPlan plan = choose_plan({.handle = handle(), .described = nullptr}, cache, problem, seconds);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  context.profiler().exclude(elapsed.count());
  return plans_.emplace(problem, plan).first->second;
}

Convolutions& convolutions(const Context& context) {
  std::shared_ptr<Convolutions>& made = backend(context).convolutions();
  if (!made) made = std::make_shared<Convolutions>();
  return *made;
}

}  // namespace kernels::cuda
