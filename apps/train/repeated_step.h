#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "kernels/runtime/context.h"

namespace apps {

/// The same step again and again: issued kernel by kernel at first, which builds and times algorithms and fills the
/// memory pool; then recorded, and replayed by one call from there on, where the device can do that. A step must read
/// from the same memory each time whatever changes from one to the next, and never wait for the device.
class RepeatedStep {
 public:
  /// `record`: whether to replay at all.
  RepeatedStep(const engine::Context& context, std::function<void()> step, bool record);

  /// Does the step. Whether it was replayed without calling it: what it does on the host was then not done.
  bool run();

  /// Gives up a recording and the memory set aside for it; the next steps are issued, then recorded again. False when
  /// there is none.
  bool forget();

  /// Whether memory is so short that steps give some back to ask for other: those cannot be recorded, only issued.
  bool lacks_memory() const { return issue_ == 0 && gave_memory_back_; }

 private:
  static constexpr int kIssuedFirst = 2;

  /// Whether the pool has what the step issued last left in it: a recording cannot ask the system for more.
  bool pool_unchanged() const;

  const engine::Context& context_;
  std::function<void()> step_;
  int issue_ = kIssuedFirst;                                   // so many more before recording
  std::int64_t system_allocations_ = 0, system_releases_ = 0;  // of the pool, after the step issued last
  bool gave_memory_back_ = false;                              // in that step
  std::optional<engine::Pool::Arena> memory_;
  std::unique_ptr<engine::Recording> recording_;
};

}  // namespace apps
