#pragma once
#include <string>

#include "apps/config/config.h"
#include "apps/train/run_costs.h"
#include "apps/train/trainer.h"

namespace apps {

// --dry-run: what a run would be and take, without training.

/// For people: data, network, steps, rates, memory and time, one per line.
std::string dry_run_text(const engine::Context& context, const Trainer& trainer, const RunCosts& costs);

/// The same figures as one line of JSON.
std::string dry_run_json(const engine::Context& context, const Trainer& trainer, const RunCosts& costs);

/// For data that cannot be opened: the message, where relative paths begin, and how to look without the data.
std::string without_data(const std::string& message, const std::string& source);

}  // namespace apps
