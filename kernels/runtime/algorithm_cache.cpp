#include "kernels/runtime/algorithm_cache.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace engine {

void AlgorithmCache::restore(const Names& names) {
  Names all = names;
  all.merge(timed_);
  timed_ = std::move(all);
  ++restored_;
}

std::optional<std::string> AlgorithmCache::find(const std::string& problem,
                                                const std::function<bool(const std::string& algorithm)>& usable,
                                                const std::function<std::string()>& time) {
  const auto known = [&] {
    const auto found = timed_.find(problem);
    return found != timed_.end() && usable(found->second);
  };
  if (!known()) {
    if (!times_new_) return std::nullopt;
    if (ask_) timed_.merge(ask_());
    if (!known()) timed_.insert_or_assign(problem, time());
  }
  return used_[problem] = timed_.at(problem);
}

std::size_t fastest(std::size_t count, const std::function<double(std::size_t)>& seconds) {
  constexpr int kRounds = 4;       // the first compiles, loads code and warms up
  constexpr double kHopeless = 2;  // times the shortest
  std::vector<double> shortest(count, std::numeric_limits<double>::infinity());
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < count; ++i) {
      if (round > 1 && shortest[i] > kHopeless * best) continue;
      const double time = seconds(i);
      if (round == 0) continue;
      shortest[i] = std::min(shortest[i], time);
      best = std::min(best, time);
    }
  }
  return static_cast<std::size_t>(std::min_element(shortest.begin(), shortest.end()) - shortest.begin());
}

}  // namespace engine
