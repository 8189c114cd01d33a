#include "apps/pretrain/preview.h"

#include <fmt/format.h>

namespace apps {

std::string schedule_csv(const TrainingPlan& plan) {
  std::string text = "step,lr\n";
  for (std::int64_t t = 0; t < plan.schedule.steps; ++t) text += fmt::format("{},{:.9g}\n", t, plan.schedule.at(t));
  return text;
}

std::string warmup_warning(const engine::Schedule& schedule) {
  if (schedule.steps > schedule.warmup_steps) return {};
  return fmt::format(
      "{} steps end within the warm-up of {}, so the learning rate never reaches its peak; lower --warmup-epochs or "
      "train "
      "for longer",
      schedule.steps, schedule.warmup_steps);
}

}  // namespace apps
