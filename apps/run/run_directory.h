#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "apps/run/data_fingerprint.h"
#include "apps/run/run_flags.h"
#include "apps/run/run_lock.h"

namespace apps {

/// The configuration for these arguments, checked: the defaults (or the configuration of the resumed run), changed by
/// recipe, --set and flags. Writes nothing. Throws UsageError, also for a change that resuming does not allow.
Config resolve(const RunArguments& arguments);

/// The directory of the run to resume; empty for a new run. Throws UsageError.
std::filesystem::path resumed_path(const RunArguments& arguments);

/// A run's name without the time: "digits-convn-nt-xent-b256-s1".
std::string run_name(const Config& config);

/// The directory of one training run, locked against other processes while this object lives:
///
///     lock          see RunLock
///     config.toml   the resolved configuration, loadable with --recipe; it marks a run that has begun
///     train.log     events, with UTC time
///     data.json     see DataFingerprint
///     checkpoints/  see Checkpoints
///     ...           whatever the program adds: env.json, metrics.jsonl, scalars.json, eval/
///
/// It may contain files of other programs, which are not changed.
class RunDirectory {
 public:
  /// Creates and locks runs/<name>-<time> or --out, which must not hold a run or an experiment; or locks the run to
  /// resume. Writes nothing else, so that the run can still be refused without a trace.
  explicit RunDirectory(const RunArguments& arguments);

  /// The directory of a run that several ranks compute, as the ranks beside the first see it: they write nothing into
  /// it, and the functions below that would do nothing. `config`: as resolved before the first rank began the run.
  RunDirectory(std::filesystem::path path, const Config& config, bool resumed);

  /// Whether this process writes the run's files.
  bool writes() const { return lock_.has_value(); }

  /// Begins or continues the run: removes temporary files of a killed process and writes config.toml. For a resumed
  /// run, config.toml takes the allowed changes, except the place of the data. Nothing but log, temporary files and
  /// configuration is ever overwritten.
  void begin(const DataFingerprint& data);

  const std::filesystem::path& path() const { return path_; }
  const Config& config() const { return config_; }
  bool resumed() const { return resumed_; }
  /// The data with which the run began.
  const DataFingerprint& data() const { return data_; }

  /// Adds a line with the time to train.log; the run must have begun.
  void log(std::string_view message);

  /// Throws engine::Error if the directory was removed, moved or replaced since it was locked: writing would then
  /// create half a run, or change another run's files.
  void check_in_place() const;

 private:
  std::filesystem::path path_;
  std::optional<RunLock> lock_;
  bool resumed_;  // set after locking: before that, another process may change the directory
  Config config_;
  DataFingerprint data_;
  std::optional<engine::Descriptor> log_;
};

}  // namespace apps
