#pragma once
#include <string>

#include "apps/config/config.h"
#include "apps/train/trainer.h"

namespace apps {

// The outputs of `pretrain` that show a run without training.

/// --print-schedule: the learning rate of every step, as CSV with a header.
std::string schedule_csv(const TrainingPlan& plan);

/// --dry-run: data, network, memory, steps, learning rate and threads, one per line.
std::string dry_run_text(const engine::Context& context, const Config& config, const Trainer& trainer);

/// A warning if all steps are within the warm-up; empty otherwise.
std::string warmup_warning(const engine::Schedule& schedule);

}  // namespace apps
