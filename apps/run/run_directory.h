#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "apps/run/data_fingerprint.h"
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
///     lock          see RunLock
///     config.toml   the resolved configuration, loadable with --recipe; with it the run has begun
///     train.log     what happened, in UTC
///     data.json     see DataFingerprint
///     checkpoints/  see Checkpoints
///     ...           whatever the program adds: env.json, metrics.jsonl, scalars.json, eval/
///
/// It may hold files of others, which stay as they are.
class RunDirectory {
 public:
  /// Creates and locks runs/<name>-<time>, or --out, which must not hold a run or an experiment; or locks the run to
  /// resume. Writes nothing else, so that the run can still be refused without a trace.
  explicit RunDirectory(const RunArguments& arguments);

  /// Begins the run, or goes on with it: clears what a killed process left half written, and writes config.toml, which
  /// takes the changes that resuming allows, but for the place of the data. Nothing but log, temporaries and
  /// configuration is ever overwritten.
  void begin(const DataFingerprint& data);

  const std::filesystem::path& path() const { return path_; }
  const Config& config() const { return config_; }
  bool resumed() const { return resumed_; }
  /// What the run has begun with.
  const DataFingerprint& data() const { return data_; }

  /// Adds a line with the time to train.log, once the run has begun.
  void log(std::string_view message);

  /// Throws engine::Error when the directory was removed, moved or replaced since it was locked. Whatever is written
  /// then would build half a run anew, or fall into another's.
  void check_in_place() const;

 private:
  std::filesystem::path path_;
  RunLock lock_;
  bool resumed_;  // after the lock: only then is what the directory holds ours to judge
  Config config_;
  DataFingerprint data_;
  std::optional<engine::Descriptor> log_;
};

}  // namespace apps
