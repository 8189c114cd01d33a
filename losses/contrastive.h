#pragma once
#include "losses/options.h"
#include "losses/similarity.h"

namespace losses {

/// The loss that the options describe, for two views of the same n examples. u1, u2: as in `cross_view`.
ContrastiveLoss contrastive(const Tensor& u1, const Tensor& u2, const Options& options,
                            Products products = Products::exact);

}  // namespace losses
