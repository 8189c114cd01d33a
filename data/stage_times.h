#pragma once
#include <array>
#include <cstddef>

#include "kernels/runtime/names.h"

namespace data {

/// What the time of loading goes into. `other` is what is left: shuffling, drawing, taking turns.
enum class Stage { read, decode, resize, copy, other };

/// Processor time by stage.
struct StageTimes {
  std::array<double, 5> ms = {};

  double& of(Stage stage) { return ms[static_cast<std::size_t>(stage)]; }
  void add(const StageTimes& more);
};

/// Adds the processor time that its thread takes during its life to a stage. Without times it does nothing: the clock
/// is a system call, which is too slow to read it for every small image.
class StageTimer {
 public:
  StageTimer(StageTimes* times, Stage stage);
  ~StageTimer();
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  StageTimes* times_;
  Stage stage_;
  double begin_ms_;
};

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::Stage> = {"read", "decode", "resize", "copy", "other"};
