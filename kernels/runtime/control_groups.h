#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace engine {

/// The control groups (cgroups, version 1 or 2) of this process, by which containers, systemd and batch systems limit
/// it. The limits of a group's parents apply too, as far as they are visible.
class ControlGroups {
 public:
  /// `root` is the directory that contains proc and sys.
  explicit ControlGroups(const std::filesystem::path& root = "/");

  /// The smallest CPU quota, in processors, such as 1.5. None without a quota.
  std::optional<double> processors() const;
  /// Bytes left below the tightest memory limit, including what the system can reclaim (page cache) or swap out. None
  /// without a limit.
  std::optional<std::size_t> free_bytes() const;

 private:
  std::filesystem::path root_;
  std::vector<std::filesystem::path> cpu_, memory_;  // directories, from the process's own group up
};

}  // namespace engine
