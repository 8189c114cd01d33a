#include "apps/train/captured_step.h"

#include <limits>

#include "kernels/runtime/error.h"

namespace apps {

namespace {

constexpr int kAlways = std::numeric_limits<int>::max();  // steps to issue where there are no graphs

}  // namespace

CapturedStep::CapturedStep(const engine::Context& context, std::function<void()> step, bool capture)
    : context_(context), step_(std::move(step)) {
  if (!capture) issue_ = kAlways;
}

/// How this step is done: on several ranks, as all of them can.
CapturedStep::Way CapturedStep::way() const {
  if (issue_ == kAlways) return Way::issue;
  const bool ready = issue_ == 0 && !gave_memory_back_ && pool_unchanged();
  const Way own = graph_ ? Way::launch : ready ? Way::capture : Way::issue;
  return context_.ranks() == 1 ? own : static_cast<Way>(context_.communicator().highest(static_cast<int>(own)));
}

bool CapturedStep::run() {
  const Way way = this->way();
  if (way == Way::launch) {
    graph_->launch();
    return true;
  }
  release();  // another rank has given up its own
  if (way == Way::capture) {
    memory_.emplace(context_.pool());
    try {
      graph_ = context_.backend().capture(step_);
    } catch (const engine::Error& error) {
      throw engine::Error(
          engine::concat("capturing a step as a CUDA graph: ", error.what(), "; go on with --cuda-graph off"));
    }
    memory_->end_capture();
    if (graph_) {
      graph_->launch();
      return false;
    }
    memory_.reset();
    issue_ = kAlways;
  }
  const std::int64_t releases_before = context_.pool().system_releases();
  const std::size_t known_before = context_.algorithms().used().size();
  step_();
  // What the timing of new problems took goes back at once: after each of them, the next would ask for most of it
  // again.
  if (context_.on_cuda() && context_.algorithms().used().size() != known_before) context_.pool().trim();
  if (issue_ > 0) --issue_;
  system_allocations_ = context_.pool().system_allocations();
  system_releases_ = context_.pool().system_releases();
  gave_memory_back_ = system_releases_ != releases_before;
  return false;
}

bool CapturedStep::release() {
  if (!graph_) return false;
  context_.backend().synchronize();  // the graph may still be running
  graph_.reset();
  memory_.reset();
  issue_ = kIssuedFirst;
  return true;
}

bool CapturedStep::pool_unchanged() const {
  return context_.pool().system_allocations() == system_allocations_ &&
         context_.pool().system_releases() == system_releases_;
}

}  // namespace apps
