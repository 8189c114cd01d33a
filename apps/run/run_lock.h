#pragma once
#include <filesystem>

#include "engine/io/descriptor.h"

namespace apps {

/// Keeps other processes out of a run directory while it lives, by a lock on the file `lock`, which holds our process
/// id. It goes with the process, so a killed run needs no cleaning up.
class RunLock {
 public:
  /// Throws engine::Error naming the process that holds the lock.
  explicit RunLock(const std::filesystem::path& directory);

  /// Whether the file that is locked is still the one in the directory: false once that was removed, moved or replaced.
  bool in_place() const;

 private:
  engine::Descriptor file_;
};

}  // namespace apps
