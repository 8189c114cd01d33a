#include "engine/optim/adam.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/optim/schedule.h"
#include "engine/optim/training_status.h"
#include "engine/scope.h"
#include "kernels/context.h"

using namespace engine;

namespace {

struct Fixture {
  Context context = kernels::make_context();
  ParameterSet parameters;
  Parameter w, v;
  Fixture() {
    w = Scope(parameters, "encoder").add("w", {1}, ParameterKind::kernel, Initializer::constant(0.5));
    v = Scope(parameters, "probe").add("v", {33}, ParameterKind::bias, Initializer::constant(-1));
    parameters.allocate(context, 1);
  }
  void set_gradients(float first, float others) {
    parameters.gradient(0).upload<float>(std::vector<float>{first});
    parameters.gradient(1).upload<float>(std::vector<float>(33, others));
  }
  float value(std::size_t i) { return parameters.value(i).to_host<float>().back(); }
};

Treatment no_decay(const ParameterInfo&) { return {}; }

}  // namespace

TEST_CASE_FIXTURE(Fixture, "adam: three steps in Keras form under polynomial decay") {
  const Schedule schedule{.peak = 1e-3, .decay = Decay::polynomial, .steps = 600};
  TrainingStatus status(
      context, [&](std::int64_t t) { return schedule.at(t); }, 0);
  Adam adam(parameters, {}, no_decay);
  const Tensor loss = Tensor::zeros(context, {});
  const double expected[] = {.4990000105, .4986004630, .4979993919};
  const float gradients[] = {.3f, -.1f, .2f};
  for (int i = 0; i < 3; ++i) {
    set_gradients(gradients[i], 0);
    adam.step(loss, status.clock());
    status.finish_step({});
    CHECK(value(0) == doctest::Approx(expected[i]).epsilon(2e-7));
  }
  CHECK(value(1) == -1);  // no gradient, no update
  CHECK(adam.norms().to_host<float>()[0] == doctest::Approx(0.2));
  const auto records = status.collect();
  CHECK(records.size() == 3);
  CHECK(records[2].step == 3);
  CHECK(records[2].learning_rate == static_cast<float>(schedule.at(2)));
}

TEST_CASE_FIXTURE(Fixture, "adam: the L2 term adds 2 c w to the gradient of the parameters it is for, and its value") {
  TrainingStatus status(
      context, [](std::int64_t) { return 1e-3; }, 0);
  Adam adam(parameters, {},
            [](const ParameterInfo& info) { return Treatment{.l2 = info.kind == ParameterKind::kernel ? 0.25 : 0}; });
  set_gradients(0.5f, 2.0f);
  adam.step(Tensor::zeros(context, {}), status.clock());
  CHECK(adam.norms().to_host<float>()[0] == doctest::Approx(std::sqrt(0.75 * 0.75 + 33 * 4)));
  CHECK(adam.norms().to_host<float>()[1] == doctest::Approx(0.25 * 0.5 * 0.5));
  CHECK(adam.state()[0].tensor.to_host<float>()[0] == doctest::Approx(0.1 * 0.75));
}

TEST_CASE_FIXTURE(Fixture,
                  "adam: a non-finite gradient or loss stops this and all later updates and the step counter") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const bool in_loss : {false, true}) {
    parameters.values().upload<float>(
        std::vector<float>(static_cast<std::size_t>(parameters.values().elements()), 1.0f));
    TrainingStatus status(
        context, [](std::int64_t) { return 1e-3; }, 0);
    Adam adam(parameters, {}, no_decay);
    const Tensor good = Tensor::zeros(context, {});
    const Tensor bad = Tensor::from(context, {}, std::vector<float>{std::nanf("")});
    set_gradients(1, 1);
    adam.step(good, status.clock());
    status.finish_step(std::vector<Tensor>{good});
    const auto before = parameters.values().to_host<float>();
    const auto moments = adam.state()[1].tensor.to_host<float>();
    set_gradients(1, in_loss ? 1 : infinity);
    adam.step(in_loss ? bad : good, status.clock());
    status.finish_step(std::vector<Tensor>{in_loss ? bad : good});
    set_gradients(1, 1);
    adam.step(good, status.clock());
    status.finish_step(std::vector<Tensor>{good});
    CHECK(parameters.values().to_host<float>() == before);
    CHECK(adam.state()[1].tensor.to_host<float>() == moments);
    const auto records = status.collect();
    REQUIRE(records.size() == 2);  // the good step and the one that failed; none after it
    CHECK(std::isnan(records[1].scalars[0]) == in_loss);
    CHECK(status.nonfinite());
    CHECK(status.completed_steps() == 1);
  }
}
