#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "engine/core/context.h"

namespace apps {

/// Which algorithm was timed to be the fastest for which problem, kept in two files: plans.json of a run, so that it
/// goes on with the same rounding after an interruption; and one of this machine, in the user's cache directory
/// (XDG_CACHE_HOME), so that the next run need not time again and rounds alike. Plans hold for one processor and number
/// of threads, or one model of GPU, for one build and set of libraries; those of another are not taken up.
class Plans {
 public:
  /// Takes up the plans of the run or, when it has none, those of the machine. From here on what is new gets timed.
  /// Throws engine::DataError for a plans.json that cannot be read.
  Plans(const engine::Context& context, const std::filesystem::path& run);

  /// Whether the run has plans that do not hold here: what is timed now replaces them.
  bool made_elsewhere() const;

  /// Writes both files if more choices were made use of since the last call. The machine's is a convenience: when it
  /// cannot be written, the next run times again.
  void save();

 private:
  const engine::Context& context_;
  std::filesystem::path run_file_;
  std::string made_for_;
  std::map<std::string, std::string> saved_;
};

/// Takes up the plans of a run without timing anything new: its network is to be evaluated.
void take_up_plans(const engine::Context& context, const std::filesystem::path& run);

}  // namespace apps
