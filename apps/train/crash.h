#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "apps/run/run_directory.h"

namespace apps {

/// The reason for ending a run after a non-finite number.
struct Crash {
  std::int64_t step = 0;
  std::string problem, weights, remedy;  ///< what happened, which weights are kept, what to change
};

/// Writes the current weights to crash/step_N, logs this in train.log and throws NonFiniteError. If the disk is full,
/// the reason is still reported.
[[noreturn]] void end_by_crash(RunDirectory& directory, const Crash& crash,
                               const std::function<void(const std::filesystem::path& directory)>& write_tensors);

}  // namespace apps
