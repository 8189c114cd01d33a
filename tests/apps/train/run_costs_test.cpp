#include "apps/train/run_costs.h"

#include <doctest/doctest.h>

#include "apps/input/run_data.h"
#include "apps/train/make_optimizer.h"
#include "kernels/context.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"

using namespace apps;

namespace {

constexpr std::int64_t kImages = 200;

/// A run whose costs can be measured.
struct Bench {
  explicit Bench(std::int64_t batch_size, tests::Keys keys = {}) : config(tests::configured(keys)) {
    config.train.batch_size = batch_size;
    config.train.epochs = 3;
    plan = plan_training(config.train, config.optim, train.size());
    model = make_model(context, config, train);
    optimizer = make_optimizer(config.optim.update, model.parameters);
    step.emplace(model, *optimizer);
  }
  RunCosts costs(double budget_seconds) {
    return measure_costs(context,
                         {.model = model, .step = *step, .config = config, .plan = plan, .train = train, .test = test},
                         budget_seconds);
  }
  /// The bytes of a step of the run's batch.
  std::size_t step_bytes() {
    const engine::TrainingStatus status(
        context, [](std::int64_t) { return 0; }, 0);
    const std::size_t before = context.pool().used_bytes();
    DeviceBatch batch(context, train, config.train.batch_size);
    batch.upload(first_examples(train, config.train.batch_size));
    context.pool().reset_peak();
    step->gradients(batch, status.clock());
    return context.pool().peak_bytes() - before;
  }

  engine::Context context = kernels::make_context();
  Config config;
  tests::MemorySource train{kImages}, test{50};
  TrainingPlan plan;
  Model model;
  std::unique_ptr<engine::Optimizer> optimizer;
  std::optional<TrainStep> step;
};

RunCosts some_costs() {
  RunCosts costs;
  costs.step = {.images = 100, .ms = 50, .bytes = 1000};
  costs.reading_ms = 2;
  costs.kept_bytes = 300;
  costs.ahead_bytes = 500;
  costs.available_bytes = 1900;
  return costs;
}

}  // namespace

TEST_CASE("run costs: a larger step lies on the line through the last and one of a quarter of its images") {
  const StepCost tried[] = {{2, 90, 900}, {4, 12, 60}, {8, 99, 999}, {16, 36, 180}};
  CHECK(smaller_step(tried).images == 4);
  const StepCost step = extended_to(tried, 1000);
  CHECK(step.images == 1000);
  CHECK(step.ms == doctest::Approx(4 + 2 * 1000));
  CHECK(step.bytes == 20 + 10 * 1000);
  CHECK(extended_to(tried, 16).ms == 36);
  CHECK(extended_to(std::span(tried).subspan(2), 1000).images == 1000);
  CHECK(smaller_step(std::span(tried).subspan(2)).images == 8);
  CHECK(smaller_step(std::span(tried).subspan(3)).images == 16);
}

TEST_CASE("run costs: without a line that begins above zero and rises, in proportion") {
  const StepCost one[] = {{8, 20, 100}}, falling[] = {{8, 20, 100}, {16, 12, 100}},
                 below[] = {{8, 10, 80}, {16, 40, 160}};
  CHECK(extended_to(one, 80).ms == doctest::Approx(200));
  CHECK(extended_to(falling, 32).ms == doctest::Approx(24));
  CHECK(extended_to(below, 32).ms == doctest::Approx(80));
  CHECK(extended_to(below, 32).bytes == 320);
}

TEST_CASE("run costs: on a CPU reading takes the time and memory of the step, on a GPU it does not") {
  RunCosts costs = some_costs();
  CHECK(costs.peak_bytes() == 1800);
  CHECK(costs.fits());
  CHECK(costs.step_ms() == 50 + 200);
  costs.on_host = false;
  CHECK(costs.peak_bytes() == 1300);
  CHECK(costs.step_ms() == 200);  // the step waits for its images
  costs.reading_ms = 0.2;
  CHECK(costs.step_ms() == 50);
}

TEST_CASE("run costs: time is that of all steps and evaluations") {
  RunCosts costs = some_costs();
  costs.evaluations = 3;
  costs.evaluated_images = 1000;
  costs.evaluating_ms = 5;
  CHECK(costs.evaluation_seconds() == doctest::Approx(15));
  CHECK(costs.seconds(400) == doctest::Approx(400 * 0.25 + 15));
}

TEST_CASE("run costs: a batch that fits is named") {
  RunCosts costs = some_costs();
  CHECK(costs.fitting_images() == 100);
  costs.available_bytes = 900;  // 15 bytes an image
  CHECK_FALSE(costs.fits());
  CHECK(costs.fitting_images() == 40);
  costs.available_bytes = 200;
  CHECK(costs.fitting_images() == 0);
}

TEST_CASE("run costs: evaluations are those of the run's cadence") {
  TrainingPlan plan{.steps_per_epoch = 10, .schedule = {.steps = 60}};
  CHECK(count_evaluations(plan, 0) == 1);
  CHECK(count_evaluations(plan, 1) == 6);
  CHECK(count_evaluations(plan, 4) == 2);  // after 4 epochs, and at the end
  plan.schedule.steps = 61;
  CHECK(count_evaluations(plan, 1) == 7);
}

TEST_CASE("run costs: the whole batch is measured where it is small, and the weights stay") {
  Bench bench(24, {{"optim.weight_decay", "0.1"}});
  const std::vector<float> before = bench.model.parameters.values().to_host<float>();
  const RunCosts costs = bench.costs(1e9);
  std::vector<std::int64_t> images;
  for (const StepCost& step : costs.tried) images.push_back(step.images);
  CHECK(images == std::vector<std::int64_t>{2, 4, 8, 16, 24});
  CHECK(costs.step.ms == costs.tried.back().ms);
  CHECK(static_cast<double>(costs.step.bytes) ==
        doctest::Approx(static_cast<double>(bench.step_bytes())).epsilon(0.02));
  CHECK(costs.step.ms > 0);
  CHECK(costs.evaluating_ms > 0);
  CHECK(costs.evaluated_images == 50);
  CHECK(costs.kept_bytes >= bench.model.parameters.values().bytes() * 4);  // values, gradients, two moments
  CHECK(costs.available_bytes > costs.peak_bytes());
  CHECK(bench.model.parameters.values().to_host<float>() == before);
}

TEST_CASE("run costs: a batch that would take too long is estimated from smaller steps") {
  Bench bench(kImages);
  const RunCosts costs = bench.costs(1e-9);
  REQUIRE(costs.tried.size() == 1);
  Bench larger(kImages);
  RunCosts estimate = larger.costs(1e9);
  estimate.tried.resize(4);  // 2, 4, 8, 16 images
  CHECK(static_cast<double>(extended_to(estimate.tried, kImages).bytes) ==
        doctest::Approx(static_cast<double>(larger.step_bytes())).epsilon(0.15));
}

TEST_CASE("run costs: a queue's batch statistics have enough images from the first try on") {
  Bench bench(32, {{"objective.name", "queue"}, {"queue.size", "64"}, {"queue.batch_norm_groups", "4"}});
  CHECK(bench.costs(1e9).tried.front().images == 8);
}
