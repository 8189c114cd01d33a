#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace engine {

/// The fastest algorithm for each problem of a context, both by name. The algorithms for one problem differ by rounding
/// only; a run stores the timed choices, so that later runs round in the same way.
class AlgorithmCache {
 public:
  using Names = std::map<std::string, std::string>;  ///< problem -> algorithm

  /// Whether to time the algorithms of new problems. Off by default: a fixed rule decides.
  void time_new(bool on) { times_new_ = on; }
  /// Sets a function that is called before a problem is timed and may be slow. It returns what other processes have
  /// timed meanwhile; problems in that list are not timed. An empty function is not called.
  void ask_before_timing(std::function<Names()> ask) { ask_ = std::move(ask); }
  /// Adds earlier timings; they replace those of the same problems here.
  void restore(const Names& names);
  /// How often `restore` was called. A caller that stores algorithms elsewhere must drop them when this changes.
  int restored() const { return restored_; }

  /// The algorithm for a problem: the fastest in a timing here or elsewhere, if it is `usable`; else the one that
  /// `time` returns, if new problems are timed; else none, and the caller applies its fixed rule.
  std::optional<std::string> find(const std::string& problem,
                                  const std::function<bool(const std::string& algorithm)>& usable,
                                  const std::function<std::string()>& time);
  /// The results of `find` so far.
  const Names& used() const { return used_; }

 private:
  bool times_new_ = false;
  std::function<Names()> ask_;
  int restored_ = 0;
  Names timed_;  // here or elsewhere
  Names used_;
};

/// The index of the fastest of `count` algorithms. Each runs a few times, in turns, so that a disturbance affects all
/// alike; those that are far slower stop early.
std::size_t fastest(std::size_t count, const std::function<double(std::size_t)>& seconds);

}  // namespace engine
