#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>

namespace engine {

class Context;

/// What one call of a kernel must at least do; an args struct says it in `cost()`.
struct Cost {
  std::int64_t bytes = 0;       ///< read plus written
  std::int64_t operations = 0;  ///< floating-point operations
};

/// Collects time per kernel while it is on. Off, a range costs one branch.
class Profiler {
 public:
  struct Entry {
    std::int64_t calls = 0;
    double seconds = 0;
    Cost cost;
  };
  bool enabled() const { return enabled_; }
  void enable(bool on = true) { enabled_ = on; }
  void add(const char* name, double seconds, Cost cost);
  void clear() { entries_.clear(); }
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

  /// The table: calls, ms, GB/s, GFLOP/s and share per kernel, slowest first. `wall_seconds` is what shares are of.
  void print(std::ostream& out, double wall_seconds) const;

 private:
  bool enabled_ = false;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// Times the enclosing scope under `name` when the context's profiler is on (and then waits for the device at its end).
class ProfileRange {
 public:
  ProfileRange(const Context& context, const char* name, Cost cost = {});
  ~ProfileRange();
  ProfileRange(const ProfileRange&) = delete;
  ProfileRange& operator=(const ProfileRange&) = delete;

 private:
  const Context& context_;
  const char* name_;  // nullptr while the profiler is off
  Cost cost_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace engine
