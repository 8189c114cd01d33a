#pragma once
#include <cstdint>

#include "apps/config/config.h"

namespace apps {

/// Step counts and learning rates that follow from a configuration and the size of its training set.
struct TrainingPlan {
  std::int64_t steps_per_epoch = 0;  ///< whole batches
  engine::Schedule schedule;         ///< over all steps of the run
};
TrainingPlan plan_training(const Config::Train& train, const Config::Optim& optim, std::int64_t examples);

}  // namespace apps
