#pragma once
#include <cstdint>
#include <vector>

#include "apps/evaluation/geometry.h"

namespace apps {

/// Labels to be read off features: a class in [0,classes) for every row.
struct ProbeTask {
  std::vector<std::int32_t> train, test;
  int classes = 0;
};

struct ProbeScore {
  double accuracy = 0;
  double chance = 0;                  ///< share of the most frequent class of the test rows: what guessing gets right
  std::vector<std::uint8_t> correct;  ///< of each test row
};

/// Linear classifiers in closed form: ridge regression on one-hot targets, for all tasks at once. It needs no learning
/// rate and no epochs, and so can follow a training closely.
///
/// Features are standardised by the training rows; constant ones are left out. Every fifth training row is held out,
/// and of the ridges 1e-4 to 1 (times the identity, beside the correlation matrix) each task takes the one that does
/// best there, the smallest on a tie. All sums are in double. At least five training rows, all features finite.
std::vector<ProbeScore> ridge_probe(const Rows& train, const Rows& test, const std::vector<ProbeTask>& tasks);

}  // namespace apps
