#include "apps/config/fields.h"

#include <fmt/format.h>

namespace apps {

const Table<Config>& config_table() {
  static const Table<Config> table = {data_fields(),  model_fields(), loss_fields(),    optim_fields(),
                                      train_fields(), eval_fields(),  lineval_fields(), run_fields()};
  return table;
}

void check(const Config& config) {
  if (config.train.epochs == 0 && config.train.steps == 0) {
    throw UsageError(
        "the length of the training is missing: give --epochs N, --steps N, or a --recipe that sets one of them");
  }
  if (config.train.epochs != 0 && config.train.steps != 0) {
    throw UsageError(fmt::format("train.epochs = {} and train.steps = {} exclude each other: set one of them to 0",
                                 config.train.epochs, config.train.steps));
  }
  if (const auto& [area_min, area_max, aspect_min, aspect_max] = config.data.crops; area_min > area_max) {
    throw UsageError(
        fmt::format("data.crop_area_min = {} must not be above data.crop_area_max = {}", area_min, area_max));
  }
  config_table().check_conditions(config);
}

}  // namespace apps
