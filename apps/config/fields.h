#pragma once
#include <vector>

#include "apps/config/config.h"
#include "apps/settings/table.h"

namespace apps {

using ConfigField = Field<Config>;

/// All keys of the configuration, section by section.
const Table<Config>& config_table();

/// Checks rules over several keys; throws UsageError.
void check(const Config& config);
/// The same for the keys of losses alone.
void check_loss(const losses::Options& loss);

// The sections; each is in the file of its name.
std::vector<ConfigField> data_fields();
std::vector<ConfigField> augmentation_fields();
std::vector<ConfigField> model_fields();
std::vector<ConfigField> objective_fields();
std::vector<ConfigField> loss_fields();
std::vector<ConfigField> optim_fields();
std::vector<ConfigField> train_fields();
std::vector<ConfigField> eval_fields();
std::vector<ConfigField> lineval_fields();
std::vector<ConfigField> run_fields();

}  // namespace apps
