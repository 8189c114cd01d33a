#include "apps/kmeans/assignment.h"

namespace apps {

void Assignment::fill_empty_clusters(const std::function<bool(std::size_t, std::int32_t)>& lies_on) {
  for (std::size_t empty = 0; empty < sizes.size(); ++empty) {
    if (sizes[empty] > 0) continue;
    std::size_t farthest = labels.size();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const bool is_farther = farthest == labels.size() || distances[i] > distances[farthest];
      if (is_farther && sizes[static_cast<std::size_t>(labels[i])] > 1) farthest = i;
    }
    if (farthest == labels.size() || lies_on(farthest, labels[farthest])) return;
    --sizes[static_cast<std::size_t>(labels[farthest])];
    labels[farthest] = static_cast<std::int32_t>(empty);
    distances[farthest] = 0;
    sizes[empty] = 1;
  }
}

}  // namespace apps
