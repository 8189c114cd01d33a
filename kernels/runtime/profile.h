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

/// The least memory traffic and arithmetic of one kernel call; `cost()` of the argument struct returns it.
struct Cost {
  std::int64_t bytes = 0;       ///< read plus written
  std::int64_t operations = 0;  ///< floating-point operations
};

/// Collects time per kernel and per layer while enabled. While disabled, a range costs one branch.
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
  /// The layer and direction that kernels are attributed to.
  struct Place {
    int layer = -1;  ///< index in layers(), -1 for none
    bool backward = false;
  };

  bool enabled() const { return enabled_; }
  void enable(bool on = true);
  /// Whether layers and kernels are reported to a tracing tool when they are issued.
  bool tracing() const { return tracing_; }
  void trace(bool on) { tracing_ = on; }
  /// Whether the current layer must be known, for profiling or tracing.
  bool follows_layers() const { return enabled_ || tracing_; }
  void add(const char* name, double seconds, Cost cost);
  /// Time that went by beside other kernels: it is in the table of kernels, but in that of no layer.
  void add_beside(const char* name, double seconds) { entry(name).add(seconds, {}); }
  /// Clears the collected times and restarts the clock to which the shares refer.
  void clear();
  /// Subtracts time spent on something else, such as timing algorithms, from all open ranges.
  void exclude(double seconds) { excluded_seconds_ += seconds; }
  double excluded_seconds() const { return excluded_seconds_; }

  Place place() const { return place_; }
  void enter(Place place) { place_ = place; }
  /// The index of a layer; adds it if it is new.
  int layer(std::string_view name);

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  const std::vector<Layer>& layers() const { return layers_; }

  /// Two tables: calls, ms, GB/s, GFLOP/s and share of the time since `enable` or `clear`, per kernel, slowest first;
  /// and forward and backward ms, GFLOP/s and share per layer, in the order of the network.
  void print(std::ostream& out) const;

 private:
  Entry& entry(std::string_view name);
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

/// Times the enclosing scope as `name` while the context's profiler is enabled (it then waits for the device at the end
/// of the scope), and reports the scope to a tracing tool while tracing is on.
class ProfileRange {
 public:
  ProfileRange(const Context& context, const char* name, Cost cost = {});
  ~ProfileRange();
  ProfileRange(const ProfileRange&) = delete;
  ProfileRange& operator=(const ProfileRange&) = delete;

 private:
  const Context& context_;
  const char* name_;  // nullptr while the profiler is disabled
  bool traced_;
  Cost cost_;
  std::chrono::steady_clock::time_point start_;
  double excluded_seconds_ = 0;  // at the start of the range
};

/// Attributes the kernels of the enclosing scope to a layer, and later also those of their gradients: autograd stores
/// the layer of each operation.
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
