#include "kernels/runtime/profile.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <utility>

#include "kernels/runtime/context.h"

namespace engine {
namespace {

/// A line of a table: a name, then right-aligned columns.
class Line {
 public:
  Line(std::ostream& out, std::string_view name) : out_(out) {
    out_ << std::left << std::setw(36) << name << std::right;
  }
  ~Line() { out_ << '\n'; }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  template <class Value>
  Line& column(const Value& value) {
    out_ << std::setw(11) << std::fixed << std::setprecision(1) << value;
    return *this;
  }
  Line& share(double part, double whole) {
    out_ << std::setw(9) << std::fixed << std::setprecision(1) << (whole > 0 ? 100 * part / whole : 0) << '%';
    return *this;
  }

 private:
  std::ostream& out_;
};

double per_nanosecond(std::int64_t amount, double seconds) {
  return seconds > 0 ? 1e-9 * static_cast<double>(amount) / seconds : 0;
}

}  // namespace

void Profiler::Entry::add(double more_seconds, Cost more) {
  ++calls;
  seconds += more_seconds;
  cost.bytes += more.bytes;
  cost.operations += more.operations;
}

void Profiler::enable(bool on) {
  enabled_ = on;
  clear();
}

void Profiler::clear() {
  entries_.clear();
  for (Layer& layer : layers_) layer.forward = layer.backward = {};  // keeps their indices valid
  no_layer_ = {};
  excluded_seconds_ = 0;
  begin_ = std::chrono::steady_clock::now();
}

Profiler::Entry& Profiler::entry(std::string_view name) {
  auto found = entries_.find(name);
  if (found == entries_.end()) found = entries_.emplace(name, Entry{}).first;
  return found->second;
}

void Profiler::add(const char* name, double seconds, Cost cost) {
  entry(name).add(seconds, cost);
  if (place_.layer < 0) return no_layer_.add(seconds, cost);
  Layer& layer = layers_[static_cast<std::size_t>(place_.layer)];
  (place_.backward ? layer.backward : layer.forward).add(seconds, cost);
}

int Profiler::layer(std::string_view name) {
  const auto known =
      std::find_if(layers_.begin(), layers_.end(), [&](const Layer& layer) { return layer.name == name; });
  const auto index = known - layers_.begin();
  if (known == layers_.end()) layers_.push_back({.name = std::string(name), .forward = {}, .backward = {}});
  return static_cast<int>(index);
}

void Profiler::print(std::ostream& out) const {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin_;
  const double wall_seconds = elapsed.count() - excluded_seconds_;
  const auto flags = out.flags();
  const auto precision = out.precision();
  print_kernels(out, wall_seconds);
  print_layers(out, wall_seconds);
  out.flags(flags);
  out.precision(precision);
}

void Profiler::print_kernels(std::ostream& out, double wall_seconds) const {
  std::vector<std::pair<std::string, Entry>> rows(entries_.begin(), entries_.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  Line(out, "kernel").column("calls").column("ms").column("GB/s").column("GFLOP/s").column("share");
  double in_kernels = 0;
  for (const auto& [name, entry] : rows) {
    Line(out, name)
        .column(entry.calls)
        .column(entry.seconds * 1e3)
        .column(per_nanosecond(entry.cost.bytes, entry.seconds))
        .column(per_nanosecond(entry.cost.operations, entry.seconds))
        .share(entry.seconds, wall_seconds);
    in_kernels += entry.seconds;
  }
  const double outside = std::max(0.0, wall_seconds - in_kernels);
  Line(out, "(outside kernels)").column("").column(outside * 1e3).column("").column("").share(outside, wall_seconds);
}

void Profiler::print_layers(std::ostream& out, double wall_seconds) const {
  out << '\n';
  Line(out, "layer").column("forward ms").column("backward ms").column("GFLOP/s").column("share");
  for (const Layer& layer : layers_) {
    const double seconds = layer.forward.seconds + layer.backward.seconds;
    if (layer.forward.calls + layer.backward.calls == 0) continue;
    Line(out, layer.name)
        .column(layer.forward.seconds * 1e3)
        .column(layer.backward.seconds * 1e3)
        .column(per_nanosecond(layer.forward.cost.operations + layer.backward.cost.operations, seconds))
        .share(seconds, wall_seconds);
  }
  Line(out, "(in no layer)")
      .column(no_layer_.seconds * 1e3)
      .column("")
      .column(per_nanosecond(no_layer_.cost.operations, no_layer_.seconds))
      .share(no_layer_.seconds, wall_seconds);
}

ProfileRange::ProfileRange(const Context& context, const char* name, Cost cost)
    : context_(context),
      name_(context.profiler().enabled() ? name : nullptr),
      traced_(context.profiler().tracing()),
      cost_(cost) {
  if (traced_) context.backend().begin_range(name);
  if (name_ == nullptr) return;
  excluded_seconds_ = context.profiler().excluded_seconds();
  start_ = std::chrono::steady_clock::now();
}

ProfileRange::~ProfileRange() {
  if (traced_) context_.backend().end_range();
  if (name_ == nullptr) return;
  context_.backend().synchronize();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  const double excluded = context_.profiler().excluded_seconds() - excluded_seconds_;
  context_.profiler().add(name_, elapsed.count() - excluded, cost_);
}

LayerRange::LayerRange(const Context& context, std::string_view name)
    : context_(context), outer_(context.profiler().place()) {
  Profiler& profiler = context.profiler();
  if (!profiler.follows_layers()) return;
  profiler.enter({.layer = profiler.layer(name), .backward = outer_.backward});
  begin_trace(profiler.place());
}

LayerRange::LayerRange(const Context& context, Profiler::Place place)
    : context_(context), outer_(context.profiler().place()) {
  context.profiler().enter(place);
  begin_trace(place);
}

LayerRange::~LayerRange() {
  if (traced_) context_.backend().end_range();
  context_.profiler().enter(outer_);
}

void LayerRange::begin_trace(Profiler::Place place) {
  const Profiler& profiler = context_.profiler();
  if (!profiler.tracing() || place.layer < 0) return;
  traced_ = true;
  const std::string& name = profiler.layers()[static_cast<std::size_t>(place.layer)].name;
  context_.backend().begin_range((place.backward ? name + " backward" : name).c_str());
}

}  // namespace engine
