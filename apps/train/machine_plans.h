#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "apps/train/plan_file.h"
#include "engine/io/descriptor.h"

namespace apps {

/// The machine's algorithm cache, in the user's cache directory (XDG_CACHE_HOME): the results of all timings by runs on
/// this machine. There is one file for every processor or GPU model, number of threads, build and set of libraries, and
/// one lock for all files, which a run holds while it times. The cache is optional: without a usable directory each run
/// times for itself.
class MachinePlans {
 public:
  /// `made_for` describes, as JSON, what the plans are valid for.
  explicit MachinePlans(std::string made_for);

  /// The cached choices; empty if there is no file or it is damaged.
  PlanChoices read() const;

  /// Takes the lock, which is released when the process ends. Returns false while another run holds it; true if there
  /// is nothing to lock.
  bool try_lock();
  bool locked() const { return lock_.has_value(); }
  void unlock() { lock_.reset(); }

  /// Adds choices to the cache, replacing earlier choices for the same problems, and removes files of killed runs. Does
  /// nothing while another run holds the lock.
  void add(PlanChoices choices);

 private:
  std::string made_for_;
  std::filesystem::path file_;  // empty: the user has no cache directory
  std::optional<engine::Descriptor> lock_;
};

}  // namespace apps
