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
///     timed   times problems that neither plans.json nor the machine's cache has
///     off     uses no timings and no cache: a fixed rule decides
///     FILE    uses the plans.json of another run, and the fixed rule for problems that it lacks
///
/// A resumed run always uses its own plans.json first, so that it rounds as before. A cache is valid for one processor
/// and number of threads, or one GPU model, and for one build and set of libraries.
///
/// Two runs on one machine do not time at once: the second one waits and then uses the results of the first.
///
/// The ranks of a run all time their problems, and use the choices of the lowest rank that has any: rank 0 reads and
/// writes the files, and `save` gives all ranks the choices of all.
class Plans {
 public:
  struct Options {
    PlanSource source = {};                                               ///< run.plans
    std::function<void(std::string_view)> log = [](std::string_view) {};  ///< gets messages for the user
    std::chrono::milliseconds patience = std::chrono::minutes(3);         ///< longest wait for another run's timing
  };

  /// Loads the caches; collective. Throws engine::DataError if the run's plans.json cannot be read, and all errors of
  /// `check_plans`.
  Plans(const engine::Context& context, const std::filesystem::path& run, Options options);
  ~Plans();
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;

  /// Writes the run's file and the machine's, if new choices were used since the last call, and lets other runs time;
  /// collective. If the machine's file cannot be written, the next run times again.
  void save();

 private:
  PlanChoices ask_machine();
  PlanChoices read_files();
  PlanChoices of_all_ranks(const PlanChoices& own) const;
  void write_run_file(const PlanChoices& choices);

  const engine::Context& context_;
  Options options_;
  std::filesystem::path run_file_;
  std::string made_for_;
  MachinePlans machine_;
  PlanChoices saved_, shared_;  // with the files, and with the other ranks
  bool impatient_ = false;      // waits only once
};

/// Throws UsageError if the file of `source` is no plans.json or not valid here, and engine::DataError if it cannot be
/// read. A resumed run (`run`) that has its own plans.json is not checked.
void check_plans(const engine::Context& context, const PlanSource& source, const std::filesystem::path& run);

/// For programs that have no run directory: loads the machine's timings, and adds this context's to them.
void take_up_plans_of_machine(const engine::Context& context);
void hand_on_plans_to_machine(const engine::Context& context);

/// Loads a run's plans without timing anything new, to evaluate its network.
void take_up_plans(const engine::Context& context, const std::filesystem::path& run);

}  // namespace apps
