#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace engine {

/// A context's memory of which algorithm computes which problem, both by name. The algorithms for one problem agree but
/// for rounding, so what was timed to be the fastest is kept with a run, and later runs go by it.
class AlgorithmCache {
 public:
  using Names = std::map<std::string, std::string>;  ///< problem -> algorithm

  /// Whether to time the algorithms for problems that are new. Off at first: a fixed rule decides.
  void time_new(bool on) { times_new_ = on; }
  /// Has `ask` called before a problem is timed; it may take its time. It returns what others have found meanwhile, and
  /// a problem among that is not timed. An empty function: nobody is asked.
  void ask_before_timing(std::function<Names()> ask) { ask_ = std::move(ask); }
  /// Takes up earlier timings, in place of those of the same problems here.
  void restore(const Names& names);
  /// How often `restore` was called. Whoever keeps algorithms by the problem itself drops them when this has changed.
  int restored() const { return restored_; }

  /// The algorithm for a problem: the one that was timed to be the fastest here or elsewhere, if it is `usable`; else
  /// the one that `time` returns, if new problems are timed; else nothing, and the caller's fixed rule decides.
  std::optional<std::string> find(const std::string& problem,
                                  const std::function<bool(const std::string& algorithm)>& usable,
                                  const std::function<std::string()>& time);
  /// What `find` has returned.
  const Names& used() const { return used_; }

 private:
  bool times_new_ = false;
  std::function<Names()> ask_;
  int restored_ = 0;
  Names timed_;  // here or elsewhere
  Names used_;
};

/// The index of the algorithm with the shortest time, among `count` of them. Each runs a few times, in turns so that a
/// disturbance hits all alike; those that are far behind stop early.
std::size_t fastest(std::size_t count, const std::function<double(std::size_t)>& seconds);

}  // namespace engine
