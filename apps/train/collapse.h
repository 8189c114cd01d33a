#pragma once
#include <optional>
#include <string>

namespace apps {

/// The name of the effective rank of the test images' embeddings (EffectiveRanks::rank_me) in records and results.
inline constexpr char kEffectiveRank[] = "effective_rank";

/// A sentence if this rank is about 1: the network has collapsed, and all images look alike to the loss.
std::optional<std::string> collapse_warning(double effective_rank);

}  // namespace apps
