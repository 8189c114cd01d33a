#include "apps/pretrain/preview.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace apps;

TEST_CASE("preview: the schedule has a line per step, with the rate that the step is done with") {
  TrainingPlan plan;
  plan.schedule = {.peak = 0.5, .decay = engine::Decay::cosine, .steps = 6, .warmup_steps = 2};
  std::string expected = "step,lr\n0,0\n1,0.25\n2,0.5\n";
  const std::string csv = schedule_csv(plan);
  CHECK(csv.starts_with(expected));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 7);
}

TEST_CASE("preview: a run that ends within its warm-up is warned of") {
  CHECK(warmup_warning({.peak = 1, .steps = 11, .warmup_steps = 10}).empty());
  CHECK(warmup_warning({.peak = 1, .steps = 10, .warmup_steps = 10}) ==
        "10 steps end within the warm-up of 10, so the learning rate never reaches its peak; lower --warmup-epochs or "
        "train for longer");
}
