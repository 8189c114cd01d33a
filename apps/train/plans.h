#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "apps/config/plan_source.h"
#include "apps/train/machine_plans.h"
#include "kernels/runtime/context.h"

namespace apps {

/// How a run chooses among algorithms that round differently. Three things decide: `run.plans`, the run's own
/// plans.json, and the machine's algorithm cache.
///
/// times problems that neither plans.json nor the machine's cache has
/// no timing and no cache: a fixed rule decides
/// the plans.json of another run decides; a fixed rule decides about problems that it lacks
///
/// A resumed run always uses its own plans.json first, so that it rounds as before. A cache is valid for one processor
/// and number of threads, or one GPU model, and for one build and set of libraries.
///
/// Two runs on one machine do not time at once: the second one waits and then uses the results of the first.
class Plans {
 public:
  struct Options {
    PlanSource source = {};                                               ///< run.plans
    std::function<void(std::string_view)> log = [](std::string_view) {};  ///< told what the user should know
    std::chrono::milliseconds patience = std::chrono::minutes(3);         ///< for another run that times
  };

  /// Takes up what is there. Throws engine::DataError for a plans.json of the run that cannot be read, and as
  /// `check_plans` does.
  Plans(const engine::Context& context, const std::filesystem::path& run, Options options);
  ~Plans();
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;

  /// Writes the run's file, and the machine's, if more choices were made use of since the last call; and lets other
  /// runs time. The machine's is a convenience: when it cannot be written, the next run times again.
  void save();

 private:
  PlanChoices ask_machine();
  void write_run_file(const PlanChoices& choices);

  const engine::Context& context_;
  Options options_;
  std::filesystem::path run_file_;
  std::string made_for_;
  MachinePlans machine_;
  PlanChoices saved_;
  bool impatient_ = false;  // once is enough
};

/// Throws UsageError if the file that `source` names does not hold here or is none, and engine::DataError if it cannot
/// be read; unless `run`, the run to be resumed, has plans of its own.
void check_plans(const engine::Context& context, const PlanSource& source, const std::filesystem::path& run);

/// Takes up the plans of a run without timing anything new: its network is to be evaluated.
void take_up_plans(const engine::Context& context, const std::filesystem::path& run);

}  // namespace apps
