#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "kernels/runtime/context.h"

namespace apps {

/// A step that is repeated many times. The first two are issued kernel by kernel, which times algorithms and fills the
/// memory pool. The third is captured as a CUDA graph, and from then on each step is one launch of that graph. On a CPU
/// every step is issued.
/// A step must never wait for the device. Values that change between steps must be read from memory at a fixed address.
/// The work of several ranks communicates: all of them issue, capture or launch the same step, so `run` is collective.
class CapturedStep {
 public:
  /// `capture`: whether to use a graph at all.
  CapturedStep(const engine::Context& context, std::function<void()> step, bool capture);

  /// Executes one step. Returns whether a graph was launched; then `step` was not called, and its work on the host was
  /// not done.
  bool run();

  /// Drops the graph and its memory: the next steps are issued, and then captured again. Returns false if there was no
  /// graph.
  bool release();

  /// Whether memory is so short that each step returns some to the system and asks for more: it cannot be captured
  /// then.
  bool lacks_memory() const { return issue_ == 0 && gave_memory_back_; }

 private:
  static constexpr int kIssuedFirst = 2;
  enum class Way { launch, capture, issue };  // the later ones are possible for a rank that could do an earlier one

  Way way() const;
  /// Whether the pool is as the last issued step left it: during capture it cannot ask the system for memory.
  bool pool_unchanged() const;

  const engine::Context& context_;
  std::function<void()> step_;
  int issue_ = kIssuedFirst;                                   // steps to issue before the capture
  std::int64_t system_allocations_ = 0, system_releases_ = 0;  // pool counters after the last issued step
  bool gave_memory_back_ = false;                              // whether that step returned memory
  std::optional<engine::Pool::Arena> memory_;
  std::unique_ptr<engine::DeviceGraph> graph_;
};

}  // namespace apps
