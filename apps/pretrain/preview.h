#pragma once
#include <string>

#include "apps/config/training_plan.h"

namespace apps {

// The outputs of `pretrain` that show a run without training.

/// --print-schedule: the learning rate of every step, as CSV with a header.
std::string schedule_csv(const TrainingPlan& plan);

/// A warning if all steps are within the warm-up; empty otherwise.
std::string warmup_warning(const engine::Schedule& schedule);

}  // namespace apps
