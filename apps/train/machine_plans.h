#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "apps/train/plan_file.h"
#include "engine/io/descriptor.h"

namespace apps {

/// What runs on this machine have timed, in the user's cache directory (XDG_CACHE_HOME): a file for every processor or
/// model of GPU, number of threads, build and set of libraries, and one lock for them all, that of the run that times.
/// All of it is a convenience: where there is no such directory, or it cannot be used, runs time for themselves.
class MachinePlans {
 public:
  /// `made_for` says, as JSON, what the plans hold for.
  explicit MachinePlans(std::string made_for);

  /// What is known; nothing when there is no file, or a damaged one.
  PlanChoices read() const;

  /// Takes the lock, which goes with the process. False while another run has it; true too where there is nothing to
  /// lock.
  bool try_lock();
  bool locked() const { return lock_.has_value(); }
  void unlock() { lock_.reset(); }

  /// Adds to what is known, in place of earlier choices for the same problems, and clears what killed runs left.
  /// Nothing while another run has the lock.
  void add(PlanChoices choices);

 private:
  std::string made_for_;
  std::filesystem::path file_;  // empty: the user has no cache directory
  std::optional<engine::Descriptor> lock_;
};

}  // namespace apps
