#pragma once
#include <span>
#include <string>
#include <vector>

#include "apps/objectives/network.h"
#include "apps/objectives/objective.h"

namespace apps {

/// What a network makes of some views of a batch, while it trains.
struct Encoded {
  engine::Tensor rows;  ///< [VB,d]: the projections or, without a projection head, the features; view 1 comes first
  std::vector<Tapped> tapped;  ///< the requested activations
};

/// views [V,B,H,W,C]. They are encoded in `passes` forward passes over equal parts of the images, each with its own
/// batch statistics; a part is a whole number of views, or an equal share of one.
Encoded encode(const Network& network, const engine::Tensor& views, std::int64_t passes,
               std::span<const std::string> taps);

}  // namespace apps
