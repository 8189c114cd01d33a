#include "engine/optim/schedule.h"

#include <doctest/doctest.h>

using namespace engine;

TEST_CASE("schedule: warmup and cosine give SimCLR's numbers for ImageNet") {
  const std::int64_t examples = 1281167, batch = 1024, epochs = 100;
  const double peak = scaled_learning_rate(0.075, LearningRateScaling::sqrt, batch);
  const Schedule schedule{.peak = peak,
                          .decay = Decay::cosine,
                          .steps = simclr_steps(epochs, examples, batch),
                          .warmup_steps = simclr_warmup_steps(10, examples, batch)};
  CHECK(schedule.warmup_steps == 12511);
  CHECK(schedule.steps == 125114);
  CHECK(peak == doctest::Approx(2.4));
  CHECK(schedule.at(0) == 0);
  CHECK(schedule.at(6255) == doctest::Approx(1.199904).epsilon(1e-6));
  CHECK(schedule.at(60000) == doctest::Approx(1.492076).epsilon(1e-6));
  CHECK(schedule.at(12510) < peak);
  CHECK(schedule.at(12511) == peak);
  CHECK(schedule.at(125113) > 0);  // it reaches 0 only after the last step
  CHECK(schedule.at(125114) == doctest::Approx(0).epsilon(1e-12));
  CHECK(scaled_learning_rate(0.075, LearningRateScaling::sqrt, 512) == doctest::Approx(1.697056).epsilon(1e-6));
  CHECK(scaled_learning_rate(0.075, LearningRateScaling::sqrt, 2048) == doctest::Approx(3.394113).epsilon(1e-6));
  // Linear and square-root scaling give the same rate at a batch of 4096.
  CHECK(scaled_learning_rate(0.075, LearningRateScaling::sqrt, 4096) == doctest::Approx(4.8));
  CHECK(scaled_learning_rate(0.3, LearningRateScaling::linear, 4096) == doctest::Approx(4.8));
}

TEST_CASE("schedule: CIFAR-10's numbers, linear scaling") {
  CHECK(scaled_learning_rate(1.0, LearningRateScaling::linear, 512) == 2.0);
  CHECK(scaled_learning_rate(0.3, LearningRateScaling::none, 512) == 0.3);
  CHECK(simclr_steps(1000, 50000, 512) == 97657);
  CHECK(simclr_warmup_steps(10, 50000, 512) == 976);
  const Schedule schedule{.peak = scaled_learning_rate(0.2, LearningRateScaling::sqrt, 128),
                          .decay = Decay::cosine,
                          .steps = simclr_steps(100, 50000, 128),
                          .warmup_steps = simclr_warmup_steps(10, 50000, 128)};
  CHECK(schedule.steps == 39063);
  CHECK(simclr_steps(1'000'000, 12'000'000'000'000, 1'000'000'000'000) == 12'000'001);  // the product needs 64 bits
  CHECK(simclr_steps(7, 50001, 512) == 7 * 50001 / 512 + 1);
  CHECK(schedule.warmup_steps == 3906);
  CHECK(schedule.peak == doctest::Approx(2.262742).epsilon(1e-6));
  CHECK(schedule.at(20000) == doctest::Approx(1.281011).epsilon(1e-6));
}

TEST_CASE("schedule: polynomial decay starts at the full rate and would reach 0 after the last step") {
  const Schedule schedule{.peak = 1e-3, .decay = Decay::polynomial, .steps = 600};
  CHECK(schedule.at(0) == 1e-3);
  CHECK(schedule.at(300) == doctest::Approx(5e-4));
  CHECK(schedule.at(600) == 0);
  CHECK(Schedule{.peak = 0.5, .decay = Decay::constant, .steps = 10}.at(9) == 0.5);
  CHECK(Schedule{.peak = 1, .decay = Decay::polynomial, .power = 2, .steps = 4}.at(2) == 0.25);
}
