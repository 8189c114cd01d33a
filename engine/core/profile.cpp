#include "engine/core/profile.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <vector>

#include "engine/core/context.h"

namespace engine {

void Profiler::add(const char* name, double seconds, Cost cost) {
  auto found = entries_.find(std::string_view(name));
  if (found == entries_.end()) found = entries_.emplace(name, Entry{}).first;
  Entry& entry = found->second;
  ++entry.calls;
  entry.seconds += seconds;
  entry.cost.bytes += cost.bytes;
  entry.cost.operations += cost.operations;
}

void Profiler::print(std::ostream& out, double wall_seconds) const {
  std::vector<std::pair<std::string, Entry>> rows(entries_.begin(), entries_.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  const auto flags = out.flags();
  const auto precision = out.precision();
  out << std::left << std::setw(28) << "kernel" << std::right << std::setw(9) << "calls" << std::setw(12) << "ms"
      << std::setw(10) << "GB/s" << std::setw(10) << "GFLOP/s" << std::setw(8) << "share" << '\n';
  const auto row = [&](const std::string& name, std::int64_t calls, double seconds, Cost cost) {
    out << std::left << std::setw(28) << name << std::right << std::fixed << std::setprecision(1) << std::setw(9)
        << calls << std::setw(12) << seconds * 1e3;
    const double per_second = seconds > 0 ? 1e-9 / seconds : 0;
    out << std::setw(10) << static_cast<double>(cost.bytes) * per_second << std::setw(10)
        << static_cast<double>(cost.operations) * per_second << std::setw(7)
        << (wall_seconds > 0 ? 100 * seconds / wall_seconds : 0) << "%\n";
  };
  double in_kernels = 0;
  for (const auto& [name, entry] : rows) {
    row(name, entry.calls, entry.seconds, entry.cost);
    in_kernels += entry.seconds;
  }
  row("(outside kernels)", 0, std::max(0.0, wall_seconds - in_kernels), {});
  out.flags(flags);
  out.precision(precision);
}

ProfileRange::ProfileRange(const Context& context, const char* name, Cost cost)
    : context_(context), name_(context.profiler().enabled() ? name : nullptr), cost_(cost) {
  if (name_ != nullptr) start_ = std::chrono::steady_clock::now();
}

ProfileRange::~ProfileRange() {
  if (name_ == nullptr) return;
  context_.backend().synchronize();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  context_.profiler().add(name_, elapsed.count(), cost_);
}

}  // namespace engine
