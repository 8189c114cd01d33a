#include "engine/optim/sgd.h"

#include <doctest/doctest.h>

#include "engine/optim/training_status.h"
#include "engine/scope.h"
#include "kernels/context.h"

using namespace engine;

namespace {

/// Does three steps with given gradients and rates from w = (1,-2,2), and compares.
void check_steps(SgdOptions options, double l2, const std::vector<std::vector<double>>& expected) {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  Scope(parameters, "encoder").add("w", {3}, ParameterKind::kernel, Initializer::constant(0));
  parameters.allocate(context, 1);
  parameters.value(0).upload<float>(std::vector<float>{1, -2, 2});
  const std::vector<double> rates{.1, .05, .2};
  TrainingStatus status(
      context, [&](std::int64_t t) { return rates[static_cast<std::size_t>(t % 3)]; }, 0);
  Sgd sgd(parameters, options, [l2](const ParameterInfo&) { return Treatment{.l2 = l2}; });
  const std::vector<float> gradients[] = {{.1f, .2f, -.2f}, {.3f, 0, .4f}, {-.2f, .5f, .1f}};
  for (std::size_t t = 0; t < 3; ++t) {
    parameters.gradient(0).upload<float>(gradients[t]);
    sgd.step(Tensor::zeros(context, {}), status.clock());
    status.finish_step({});
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(parameters.value(0).to_host<float>()[i] == doctest::Approx(expected[t][i]).epsilon(3e-7));
    }
  }
}

}  // namespace

TEST_CASE("sgd: three steps with Nesterov momentum, worked by hand") {
  // w0: v = .1, .09 + .3 = .39, .351 - .2 = .151; w -= .1 (.1 + .09), .05 (.3 + .351), .2 (-.2 + .1359).
  check_steps({}, 0, {{.981, -2.038, 2.038}, {.94845, -2.0461, 2.0081}, {.96127, -2.26526, 1.93446}});
}

TEST_CASE("sgd: three steps with the rate in the velocity, as in Keras, worked by hand") {
  // w0: v = .01, .009 + .05 * .3 = .024, .0216 - .2 * .2 = -.0184; w -= .009 + .01, .0216 + .015, -.01656 - .04.
  check_steps({.form = engine::SgdForm::keras}, 0,
              {{.981, -2.038, 2.038}, {.9444, -2.0542, 2.0162}, {1.00096, -2.25878, 1.97658}});
  // w -= v
  check_steps({.nesterov = false, .form = engine::SgdForm::keras}, 0,
              {{.99, -2.02, 2.02}, {.966, -2.038, 2.018}, {.9844, -2.1542, 1.9962}});
}

TEST_CASE("sgd: three steps equal torch.optim.SGD's in double, with weight decay .01 as an L2 term of the loss") {
  check_steps({}, .005,
              {{.979100000000, -2.034200000000, 2.034200000000},
               {.945214855000, -2.039557510000, 2.001557510000},
               {.951398896551, -2.244755787462, 1.914100187462}});
  check_steps({.nesterov = false}, .005,
              {{.989000000000, -2.018000000000, 2.018000000000},
               {.968555500000, -2.025091000000, 2.005091000000},
               {.933018189000, -2.146568418000, 1.934608418000}});
}
