#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "apps/run/run_directory.h"

namespace apps {

/// Why a run ends over a number that is not finite.
struct Crash {
  std::int64_t step = 0;
  std::string problem, weights, remedy;  ///< "what happened", "which weights are kept", "what to change"
};

/// Puts the weights as they are now into crash/step_N, says so in train.log and throws NonFiniteError. A full disk does
/// not hide why the run ended.
[[noreturn]] void end_by_crash(RunDirectory& directory, const Crash& crash,
                               const std::function<void(const std::filesystem::path& directory)>& write_tensors);

}  // namespace apps
