#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "kernels/runtime/context.h"

namespace apps {

/// A step that is repeated many times. The first two are issued kernel by kernel, which times algorithms and fills the
/// memory pool. The third is captured as a CUDA graph, and from then on each step is one launch of that graph. On a CPU
/// every step is issued.
/// A step never waits for the device, and reads what changes between steps from memory at a fixed address.
class CapturedStep {
 public:
  /// `capture`: whether to use a graph at all.
  CapturedStep(const engine::Context& context, std::function<void()> step, bool capture);

  /// Does the step. Returns whether a graph was launched instead of calling `step`, so that its work on the host was
  /// not done.
  bool run();

  /// Drops the graph and the memory set aside for it: the next steps are issued and captured again. False when there is
  /// none.
  bool release();

  /// Whether memory is so short that a step returns some to the system and asks for more: it cannot be captured then.
  bool lacks_memory() const { return issue_ == 0 && gave_memory_back_; }

 private:
  static constexpr int kIssuedFirst = 2;

  /// Whether the pool still holds what the last issued step left in it: a captured one cannot ask the system for more.
  bool pool_unchanged() const;

  const engine::Context& context_;
  std::function<void()> step_;
  int issue_ = kIssuedFirst;                                   // so many more before the capture
  std::int64_t system_allocations_ = 0, system_releases_ = 0;  // of the pool, after the last issued step
  bool gave_memory_back_ = false;                              // in that step
  std::optional<engine::Pool::Arena> memory_;
  std::unique_ptr<engine::DeviceGraph> graph_;
};

}  // namespace apps
