#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace data {

/// Files that could not be read and were replaced by others, each once however often it was met. Thread-safe.
class BadFiles {
 public:
  /// `reason` names the file too.
  void add(const std::string& file, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    reasons_.emplace(file, reason);
  }
  std::int64_t count() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int64_t>(reasons_.size());
  }
  /// By file, sorted.
  std::map<std::string, std::string> reasons() const {
    const std::lock_guard lock(mutex_);
    return reasons_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> reasons_;
};

}  // namespace data
