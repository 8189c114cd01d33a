#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

class Context;

/// What one call of a kernel must at least do; an args struct says it in `cost()`.
struct Cost {
  std::int64_t bytes = 0;       ///< read plus written
  std::int64_t operations = 0;  ///< floating-point operations
};

/// Collects time per kernel and per layer while it is on. Off, a range costs one branch.
class Profiler {
 public:
  struct Entry {
    std::int64_t calls = 0;
    double seconds = 0;
    Cost cost;

    void add(double more_seconds, Cost more);
  };
  struct Layer {
    std::string name;
    Entry forward, backward;
  };
  /// Which layer kernels are counted for, and in which direction.
  struct Place {
    int layer = -1;  ///< index in layers(), -1 for none
    bool backward = false;
  };

  bool enabled() const { return enabled_; }
  void enable(bool on = true);
  /// Whether layers and kernels are named for a tracing tool as they are issued.
  bool tracing() const { return tracing_; }
  void trace(bool on) { tracing_ = on; }
  /// Whether anything wants to know which layer is at work.
  bool follows_layers() const { return enabled_ || tracing_; }
  void add(const char* name, double seconds, Cost cost);
  /// Forgets what was collected, and starts the clock that shares refer to.
  void clear();
  /// Takes time that was spent on something else, like timing algorithms, out of the ranges that are open.
  void exclude(double seconds) { excluded_seconds_ += seconds; }
  double excluded_seconds() const { return excluded_seconds_; }

  Place place() const { return place_; }
  void enter(Place place) { place_ = place; }
  /// The index of a layer, new or known.
  int layer(std::string_view name);

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  const std::vector<Layer>& layers() const { return layers_; }

  /// Two tables: calls, ms, GB/s, GFLOP/s and share of the time since `enable` or `clear`, per kernel, slowest first;
  /// and forward and backward ms, GFLOP/s and share per layer, in the order of the network.
  void print(std::ostream& out) const;

 private:
  void print_kernels(std::ostream& out, double wall_seconds) const;
  void print_layers(std::ostream& out, double wall_seconds) const;

  bool enabled_ = false, tracing_ = false;
  std::chrono::steady_clock::time_point begin_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<Layer> layers_;
  Entry no_layer_;
  double excluded_seconds_ = 0;
  Place place_;
};

/// Times the enclosing scope under `name` when the context's profiler is on (and then waits for the device at its end),
/// and names it for a tracing tool when that is asked for.
class ProfileRange {
 public:
  ProfileRange(const Context& context, const char* name, Cost cost = {});
  ~ProfileRange();
  ProfileRange(const ProfileRange&) = delete;
  ProfileRange& operator=(const ProfileRange&) = delete;

 private:
  const Context& context_;
  const char* name_;  // nullptr while the profiler is off
  bool traced_;
  Cost cost_;
  std::chrono::steady_clock::time_point start_;
  double excluded_seconds_ = 0;  // before it
};

/// Counts the kernels of the enclosing scope for a layer, and so later those of its gradients: autograd remembers where
/// each operation was called.
class LayerRange {
 public:
  LayerRange(const Context& context, std::string_view name);
  LayerRange(const Context& context, Profiler::Place place);
  ~LayerRange();
  LayerRange(const LayerRange&) = delete;
  LayerRange& operator=(const LayerRange&) = delete;

 private:
  void begin_trace(Profiler::Place place);

  const Context& context_;
  Profiler::Place outer_;
  bool traced_ = false;
};

}  // namespace engine
