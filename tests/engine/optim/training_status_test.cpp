#include "engine/optim/training_status.h"

#include <doctest/doctest.h>

#include "tests/late_backend.h"

using namespace engine;
using tests::LateBackend;

namespace {

/// Finishes steps whose loss is their number.
struct Steps {
  explicit Steps(const Context& context, std::int64_t first = 0)
      : status(
            context, [this](std::int64_t t) { return rate_of(t); }, first),
        step(first),
        loss(Tensor::empty(context, {})) {}
  double rate_of(std::int64_t t) {
    ++asked;
    return 0.1 * static_cast<double>(t);
  }
  void finish(int count) {
    for (; count > 0; --count) {
      status.prepare_step();
      loss.upload<float>(std::vector<float>{static_cast<float>(++step)});
      status.finish_step({&loss, 1});
    }
  }
  std::int64_t asked = 0;
  TrainingStatus status;
  std::int64_t step;
  Tensor loss;
};

}  // namespace

TEST_CASE("training status: records are read late, as they were when they were asked for") {
  auto owner = std::make_unique<LateBackend>();
  LateBackend& device = *owner;
  const Context context(std::move(owner), 1);
  Steps steps(context, 7);
  CHECK_FALSE(steps.status.arrived());  // nothing was requested
  steps.finish(3);
  steps.status.request();
  steps.finish(2);
  CHECK_FALSE(steps.status.arrived());
  CHECK(steps.status.completed_steps() == 7);
  device.arrive();
  device.delay();
  steps.status.request();
  const auto first = steps.status.arrived();
  REQUIRE(first);
  REQUIRE(first->size() == 3);
  CHECK(first->front().step == 8);
  CHECK(first->back().scalars[0] == 10);
  CHECK(first->back().learning_rate == static_cast<float>(0.9));
  CHECK(steps.status.completed_steps() == 10);
  CHECK_FALSE(steps.status.arrived());  // the second request has not arrived
  const auto second = steps.status.awaited();
  REQUIRE(second);
  REQUIRE(second->size() == 2);
  CHECK(second->front().step == 11);
  CHECK(steps.status.completed_steps() == 12);
  CHECK_FALSE(steps.status.awaited());
}

TEST_CASE("training status: collect hands out what was asked for and what was not, and the ring goes round") {
  const Context context(std::make_unique<LateBackend>(), 1);
  Steps steps(context);
  for (int round = 0; round < 2; ++round) {
    steps.finish(1000);
    steps.status.request();
    steps.finish(24);
    const auto records = steps.status.collect();
    REQUIRE(records.size() == 1024);
    CHECK(records.front().step == round * 1024 + 1);
    CHECK(records.back().scalars[0] == static_cast<float>(round * 1024 + 1024));
  }
  steps.finish(1024);
  CHECK_THROWS_WITH_AS(steps.finish(1), "step record: 1024 steps without a request for their records", Error);
}

TEST_CASE("training status: the rates of a run of any length come to the device as its steps do") {
  const Context context(std::make_unique<LateBackend>(), 1);
  constexpr std::int64_t kFirst = 999'999'000;
  Steps steps(context, kFirst);
  CHECK(steps.status.clock().learning_rates.elements() == TrainingStatus::kSlots);
  for (int round = 0; round < 5; ++round) {
    steps.finish(700);
    for (const StepRecord& record : steps.status.collect())
      CHECK(record.learning_rate == static_cast<float>(0.1 * static_cast<double>(record.step - 1)));
  }
  CHECK(steps.status.completed_steps() == kFirst + 3500);
  CHECK(steps.asked == 4 * TrainingStatus::kSlots);
}

TEST_CASE("training status: a step whose rate is not on the device is an error, not a step at another's rate") {
  const Context context(std::make_unique<LateBackend>(), 1);
  Steps steps(context);
  steps.finish(1000);
  steps.status.request();
  steps.finish(24);
  CHECK_THROWS_WITH_AS(steps.status.finish_step({&steps.loss, 1}), "learning rate: step 1025 was not prepared", Error);
}

TEST_CASE("training status: a record has as many scalars as the first step gave it, up to the most there can be") {
  const Context context(std::make_unique<LateBackend>(), 1);
  for (const std::size_t count : {std::size_t{0}, std::size_t{9}, std::size_t{kernels::kMostRecordScalars}}) {
    CAPTURE(count);
    TrainingStatus status(
        context, [](std::int64_t) { return 0.5; }, 3);
    CHECK(status.collect().empty());  // no step is finished yet
    std::vector<Tensor> scalars;
    std::vector<float> values;
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(static_cast<float>(i) + 1);
      scalars.push_back(Tensor::from(context, {}, std::vector<float>{values.back()}));
    }
    for (int step = 0; step < 2; ++step) status.finish_step(scalars);
    const auto records = status.collect();
    REQUIRE(records.size() == 2);
    CHECK(records.back().step == 5);
    CHECK(records.back().scalars == values);
    CHECK(records.back().learning_rate == 0.5f);
  }
}

TEST_CASE("training status: scalars that no record can hold are refused") {
  const Context context(std::make_unique<LateBackend>(), 1);
  Steps steps(context);
  steps.finish(1);
  const auto refused = [&](const std::vector<Tensor>& scalars, const char* message) {
    CHECK_THROWS_WITH_AS(steps.status.finish_step(scalars), message, Error);
  };
  refused({}, "step record: expected 1 scalars, as in the steps before, got 0");
  refused(std::vector<Tensor>(33, steps.loss), "step record: at most 32 scalars, got 33");
  refused({Tensor::zeros(context, {2})}, "step record: a scalar must be one f32, got [2] of f32");
  refused({Tensor::zeros(context, {}, Dtype::i32)}, "step record: a scalar must be one f32, got [] of i32");
}
