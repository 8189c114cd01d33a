#include "kernels/cuda/convolution_choices.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "kernels/cuda/capture.h"

namespace kernels::cuda {
namespace {

/// The first `most` of the advised ways that compile.
std::vector<ConvolutionPlan> candidates(const PlanTarget& target, const ConvolutionProblem& problem, std::size_t most) {
  std::vector<ConvolutionPlan> plans;
  for (const std::string& way : advised_ways(target, problem)) {
    if (plans.size() == most) break;
    if (std::optional<ConvolutionPlan> plan = compile(target, problem, way)) plans.push_back(*std::move(plan));
  }
  EXPECTS(!plans.empty(), problem.name(), ": cuDNN ", cudnnGetVersion(), " has no way to compute it on this GPU");
  return plans;
}

/// The shortest of a few runs each, taken in turns so that a disturbance hits all alike. Those far behind stop early.
std::size_t fastest(const std::vector<ConvolutionPlan>& plans, const PlanSeconds& seconds) {
  constexpr int kRounds = 5;       // the first loads the code and warms up
  constexpr double kHopeless = 2;  // times the shortest
  std::vector<double> shortest(plans.size(), std::numeric_limits<double>::infinity());
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      if (round > 1 && shortest[i] > kHopeless * best) continue;
      const double time = seconds(plans[i]);
      if (round == 0) continue;
      shortest[i] = std::min(shortest[i], time);
      best = std::min(best, time);
    }
  }
  return static_cast<std::size_t>(std::min_element(shortest.begin(), shortest.end()) - shortest.begin());
}

}  // namespace

ConvolutionPlan choose_plan(const PlanTarget& target, Choices& choices, const ConvolutionProblem& problem,
                            const PlanSeconds& seconds) {
  constexpr std::size_t kMostTimed = 10;
  const std::string name = problem.name();
  std::optional<ConvolutionPlan> plan = compile(target, problem, choices.timed(name));
  if (!plan && !choices.times_new()) return candidates(target, problem, 1).front();
  if (!plan) {
    choices.ask();
    plan = compile(target, problem, choices.timed(name));
  }
  if (!plan) {
    const std::vector<ConvolutionPlan> plans = candidates(target, problem, kMostTimed);
    plan = plans[plans.size() == 1 ? 0 : fastest(plans, seconds)];
  }
  choices.keep(name, plan->way);
  return *plan;
}

const ConvolutionPlan& Convolutions::plan(const Context& context, const ConvolutionProblem& problem,
                                          const PlanSeconds& seconds) {
  Choices& choices = backend(context).choices();
  if (restored_ != choices.restored()) plans_.clear();
  restored_ = choices.restored();
  if (const auto found = plans_.find(problem); found != plans_.end()) return found->second;
  expect_no_capture(context, problem.name());
  if (handle() == nullptr) handle_ = make_dnn_handle(stream(context));
  const auto begin = std::chrono::steady_clock::now();
  bool timed = false;
  const ConvolutionPlan plan =
      choose_plan({.handle = handle(), .described = nullptr}, choices, problem, [&](const ConvolutionPlan& candidate) {
        timed = true;
        return seconds(candidate);
      });
  if (timed) context.pool().trim();  // of the workspaces of all others
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
