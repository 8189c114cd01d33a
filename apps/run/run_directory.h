#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "apps/run/run_flags.h"
#include "apps/run/run_lock.h"

namespace apps {

/// The configuration that the arguments mean, checked: the defaults, or the configuration of the run that is resumed,
/// under the recipe, --set and flags. Touches nothing. Throws UsageError, for a change that resuming does not allow
/// too.
Config resolve(const RunArguments& arguments);

/// The directory of the run that the arguments resume; empty when they begin a new one. Throws UsageError.
std::filesystem::path resumed_path(const RunArguments& arguments);

/// "digits-convn-nt-xent-b256-s1": what a run is called, before the time.
std::string run_name(const Config& config);

/// The directory of one training run, locked against other processes while this lives:
///
///     config.toml   the resolved configuration, loadable with --recipe
///     train.log     what happened, in UTC
///     lock          see RunLock
///     checkpoints/  see Checkpoints
///     ...           whatever the program adds: env.json, metrics.jsonl, eval/
class RunDirectory {
 public:
  /// Creates runs/<name>-<time>, or --out, which must be new or empty; or reopens the run to resume, whose config.toml
  /// then takes the changes that resuming allows. Nothing is ever overwritten without --resume.
  explicit RunDirectory(const RunArguments& arguments);

  const std::filesystem::path& path() const { return path_; }
  const Config& config() const { return config_; }
  bool resumed() const { return resumed_; }

  /// Adds a line with the time to train.log.
  void log(std::string_view message);

 private:
  std::filesystem::path path_;
  RunLock lock_;
  bool resumed_;  // after the lock: only then is what the directory holds ours to judge
  Config config_;
  engine::Descriptor log_;
};

}  // namespace apps
