#include "apps/train/repeated_step.h"

#include <limits>

#include "kernels/runtime/error.h"

namespace apps {

RepeatedStep::RepeatedStep(const engine::Context& context, std::function<void()> step, bool record)
    : context_(context), step_(std::move(step)) {
  if (!record) issue_ = std::numeric_limits<int>::max();
}

bool RepeatedStep::run() {
  if (recording_) {
    recording_->replay();
    return true;
  }
  if (issue_ == 0 && !gave_memory_back_ && pool_unchanged()) {
    memory_.emplace(context_.pool());
    try {
      recording_ = context_.backend().record(step_);
    } catch (const engine::Error& error) {
      throw engine::Error(engine::concat("recording a step: ", error.what(), "; go on with --cuda-graph off"));
    }
    memory_->end_capture();
    if (recording_) {
      recording_->replay();
      return false;
    }
    memory_.reset();
    issue_ = std::numeric_limits<int>::max();
  }
  const std::int64_t releases_before = context_.pool().system_releases();
  step_();
  if (issue_ > 0) --issue_;
  system_allocations_ = context_.pool().system_allocations();
  system_releases_ = context_.pool().system_releases();
  gave_memory_back_ = system_releases_ != releases_before;
  return false;
}

bool RepeatedStep::forget() {
  if (!recording_) return false;
  context_.backend().synchronize();  // it may be at work
  recording_.reset();
  memory_.reset();
  issue_ = kIssuedFirst;
  return true;
}

bool RepeatedStep::pool_unchanged() const {
  return context_.pool().system_allocations() == system_allocations_ &&
         context_.pool().system_releases() == system_releases_;
}

}  // namespace apps
