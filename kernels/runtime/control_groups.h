#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace engine {

/// The control groups (cgroups) of version 1 or 2 that this process is in: what containers, systemd and batch systems
/// limit it with. A group's parents limit it too, as far as they can be seen from here.
class ControlGroups {
 public:
  /// `root` is where proc and sys are.
  explicit ControlGroups(const std::filesystem::path& root = "/");

  /// The smallest quota of processor time, in processors: 1.5. None where there is no quota.
  std::optional<double> processors() const;
  /// Bytes that are left below the tightest limit of memory, with what the system would give back (files it keeps in
  /// memory) or swap out. None where there is no limit.
  std::optional<std::size_t> free_bytes() const;

 private:
  std::filesystem::path root_;
  std::vector<std::filesystem::path> cpu_, memory_;  // directories, from the process's own group up
};

}  // namespace engine
