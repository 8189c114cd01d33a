#include "kernels/runtime/control_groups.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "kernels/runtime/entries.h"

namespace engine {
namespace {

namespace fs = std::filesystem;

/// One line of /proc/self/mountinfo that mounts control groups.
struct Mount {
  fs::path group;           ///< the part of the hierarchy that is mounted: "/", or the container's group
  fs::path at;              ///< the mount point
  std::string kind;         ///< cgroup or cgroup2
  std::string controllers;  ///< version 1 only, separated by commas: "rw,cpu,cpuacct"
};

bool has_word(const std::string& list, std::string_view word) {
  std::istringstream words(list);
  for (std::string each; std::getline(words, each, ',');) {
    if (each == word) return true;
  }
  return false;
}

/// 31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw
std::vector<Mount> mounts(const fs::path& root) {
  std::vector<Mount> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const auto dash = line.find(" - ");
    if (dash == line.npos) continue;
    std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
    std::string id, parent, device, group, at, source;
    Mount mount;
    before >> id >> parent >> device >> group >> at;
    after >> mount.kind >> source >> mount.controllers;
    if (mount.kind != "cgroup" && mount.kind != "cgroup2") continue;
    mount.group = group;
    mount.at = root / fs::path(at).relative_path();
    found.push_back(mount);
  }
  return found;
}

/// Adds the directories of the group and its parents below a mount point.
void add_directories(std::vector<fs::path>& directories, const Mount& mount, const fs::path& group) {
  fs::path inside = group.lexically_relative(mount.group);
  // A container may see its own group as the root of the mount, or its group may lie outside the mounted part.
  if (inside.empty() || *inside.begin() == "..") inside = ".";
  std::error_code error;
  fs::path directory = (mount.at / inside).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();
  if (!fs::is_directory(directory, error)) directory = mount.at;
  for (;; directory = directory.parent_path()) {
    directories.push_back(directory);
    if (directory == mount.at || directory == directory.parent_path()) return;
  }
}

/// A line is "4:cpu,cpuacct:/docker/0123" in version 1, "0::/user.slice" in version 2.
std::vector<fs::path> directories(const fs::path& root, std::string_view controller) {
  std::vector<fs::path> found;
  const std::vector<Mount> all = mounts(root);
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    for (const Mount& mount : all) {
      const bool is_it = controllers.empty() ? mount.kind == "cgroup2"
                                             : mount.kind == "cgroup" && has_word(controllers, controller) &&
                                                   has_word(mount.controllers, controller);
      if (is_it) {
        add_directories(found, mount, group);
        break;
      }
    }
  }
  return found;
}

/// The numbers at the start of a file. Empty for "max", which means no limit, and for a missing file.
std::vector<double> numbers(const fs::path& path) {
  std::vector<double> found;
  std::ifstream file(path);
  for (double number = 0; file >> number;) found.push_back(number);
  return found;
}

std::optional<double> number(const fs::path& path) {
  const std::vector<double> found = numbers(path);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

std::optional<double> quota(const fs::path& group) {
  if (const auto v2 = numbers(group / "cpu.max"); v2.size() == 2 && v2[1] > 0) return v2[0] / v2[1];
  const auto time = number(group / "cpu.cfs_quota_us"), period = number(group / "cpu.cfs_period_us");
  if (time && period && *time > 0 && *period > 0) return *time / *period;
  return std::nullopt;
}

struct MemoryFiles {
  const char *limit, *usage, *swap_limit, *swap_usage;
};
constexpr MemoryFiles kMemoryFiles[] = {
    {"memory.max", "memory.current", "memory.swap.max", "memory.swap.current"},
    {"memory.high", "memory.current", "memory.swap.max", "memory.swap.current"},  // throttled above it
    {"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"}};

/// The bytes left below one limit of a group.
std::optional<double> left(const fs::path& group, const MemoryFiles& files, double free_swap) {
  constexpr double kNoLimit = 1e18;  // version 1 writes a number of this size for "no limit"
  const auto limit = number(group / files.limit), usage = number(group / files.usage);
  if (!limit || !usage || *limit > kNoLimit) return std::nullopt;
  const bool v1 = files.limit == kMemoryFiles[2].limit;
  const fs::path stat = group / "memory.stat";
  const double files_kept = v1 ? sum_of_entries(stat, {"total_inactive_file", "total_active_file"})
                               : sum_of_entries(stat, {"inactive_file", "active_file", "slab_reclaimable"});
  const double below = std::max(*limit - *usage, 0.0) + files_kept;
  double swap = free_swap;
  if (const auto swap_limit = number(group / files.swap_limit), swap_usage = number(group / files.swap_usage);
      swap > 0 && swap_limit && swap_usage) {
    // Version 1 counts memory and swap together.
    swap = std::min(swap, std::max(*swap_limit - *swap_usage - (v1 ? *limit - *usage : 0), 0.0));
  }
  return below + swap;
}

}  // namespace

ControlGroups::ControlGroups(const fs::path& root)
    : root_(root), cpu_(directories(root, "cpu")), memory_(directories(root, "memory")) {}

std::optional<double> ControlGroups::processors() const {
  std::optional<double> smallest;
  for (const fs::path& group : cpu_) {
    if (const auto here = quota(group)) smallest = std::min(smallest.value_or(*here), *here);
  }
  return smallest;
}

std::optional<std::size_t> ControlGroups::free_bytes() const {
  std::optional<double> smallest;
  std::optional<double> free_swap;
  for (const fs::path& group : memory_) {
    for (const MemoryFiles& files : kMemoryFiles) {
      if (!number(group / files.limit)) continue;
      if (!free_swap) free_swap = 1024 * sum_of_entries(root_ / "proc/meminfo", {"SwapFree:"});
      if (const auto here = left(group, files, *free_swap)) smallest = std::min(smallest.value_or(*here), *here);
    }
  }
  if (!smallest) return std::nullopt;
  return static_cast<std::size_t>(*smallest);
}

}  // namespace engine
