#pragma once
#include <filesystem>

#include "engine/io/descriptor.h"

namespace apps {

/// Keeps other processes out of a run directory while it lives, by a lock on the file `lock`, which contains our
/// process id. The kernel releases the lock when the process ends, so a killed run needs no clean-up.
class RunLock {
 public:
  /// Throws engine::Error naming the process that holds the lock.
  explicit RunLock(const std::filesystem::path& directory);

  /// Whether the locked file is still the one in the directory: false if it was removed, moved or replaced.
  bool in_place() const;

 private:
  engine::Descriptor file_;
};

}  // namespace apps
