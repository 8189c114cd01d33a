#include "apps/train/collapse.h"

#include <fmt/format.h>

namespace apps {

std::optional<std::string> collapse_warning(double effective_rank) {
  // Rows that are multiples of one another have rank 1. Those of an untrained network share a large mean, and have
  // more.
  constexpr double kCollapsed = 1.2;
  if (!(effective_rank < kCollapsed)) return std::nullopt;
  return fmt::format(
      "the network has collapsed: the effective rank of its projections has fallen to {:.2f}, so all images look alike "
      "to the loss; choose another --loss or --objective, or raise --lambda where the loss has one",
      effective_rank);
}

}  // namespace apps
