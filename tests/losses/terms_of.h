#pragma once
#include <vector>

#include "losses/contrastive_loss.h"

namespace tests {

/// The loss and its terms on the host, as kernels::ContrastSum indexes them.
inline std::vector<float> terms_of(const losses::ContrastiveLoss& y) {
  return {y.loss.item(), y.alignment.item(), y.distribution.item(), y.accuracy.item()};
}

}  // namespace tests
