#include "apps/pretrain/preview.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "kernels/context.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

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

TEST_CASE("preview: views of more examples than there are are refused, and nothing is written") {
  const ScratchDirectory scratch;
  const engine::Context context = kernels::make_context();
  Config config;
  config.train.steps = 1;
  const std::string file = scratch / "views.png";
  CHECK(message_of<UsageError>([&] {
          write_views(context, config, 1'000'000, file);
        }).starts_with("--dump-views: the data has "));
  CHECK_FALSE(std::filesystem::exists(file));
  write_views(context, config, 2, file);
  CHECK(std::filesystem::file_size(file) > 1000);
}
