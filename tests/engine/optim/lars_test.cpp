#include "engine/optim/lars.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/optim/training_status.h"
#include "engine/scope.h"
#include "kernels/context.h"

using namespace engine;

namespace {

/// Two parameters with the same values: one with trust ratio and weight decay, one without both.
struct Fixture {
  Context context = kernels::make_context();
  ParameterSet parameters;
  Fixture() {
    Scope(parameters, "encoder").add("kernel", {3}, ParameterKind::kernel, Initializer::constant(0));
    Scope(parameters, "encoder").add("gamma", {3}, ParameterKind::gamma, Initializer::constant(0));
    parameters.allocate(context, 1);
    set_values({1, -2, 2});
  }
  void set_values(const std::vector<float>& values) {
    for (std::size_t i = 0; i < 2; ++i) parameters.value(i).upload<float>(values);
  }
  void set_gradients(const std::vector<float>& gradient) {
    for (std::size_t i = 0; i < 2; ++i) parameters.gradient(i).upload<float>(gradient);
  }
  /// Does a step at a rate of 2.4 and compares both parameters.
  void step(Lars& lars, const std::vector<float>& gradient, const std::vector<double>& kernel,
            const std::vector<double>& gamma) {
    set_gradients(gradient);
    lars.step(Tensor::zeros(context, {}), status.clock());
    status.finish_step({});
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(parameters.value(0).to_host<float>()[i] == doctest::Approx(kernel[i]).epsilon(2e-7));
      CHECK(parameters.value(1).to_host<float>()[i] == doctest::Approx(gamma[i]).epsilon(5e-7));
    }
  }
  static Treatment treatment(const ParameterInfo& info) {
    const bool kernel = info.kind == ParameterKind::kernel;
    return {.weight_decay = kernel ? 1e-4 : 0.0, .adapts = kernel};
  }
  TrainingStatus status{context, [](std::int64_t) { return 2.4; }, 0};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "lars: two steps in SimCLR's form, and what is excluded moves at the full rate, undecayed") {
  Lars lars(parameters, {}, treatment);
  // gamma: v = 2.4 g1 = (.24, .48, -.48); then v = .9 v + 2.4 g2 = (.936, .432, .528).
  step(lars, {.1f, .2f, -.2f}, {.9975957305, -2.0047989317, 2.0047989317}, {.76, -2.48, 2.48});
  const double g1 = std::sqrt(.1001 * .1001 + 2 * .1998 * .1998);
  CHECK(lars.norms().to_host<float>()[0] == doctest::Approx(std::sqrt(g1 * g1 + .09)));
  CHECK(lars.norms().to_host<float>()[1] == 0);  // the decay is not part of the loss
  step(lars, {.3f, 0, .4f}, {.9911042905, -2.0091150789, 2.0033468671}, {-.176, -2.912, 1.952});
}

TEST_CASE_FIXTURE(Fixture, "lars: a parameter whose weights or gradients are all zero moves at the full rate") {
  Lars lars(parameters, {.momentum = 0.5f}, [](const ParameterInfo&) { return Treatment{.adapts = true}; });
  set_values({0, 0, 0});
  step(lars, {.1f, .2f, -.2f}, {-.24, -.48, .48}, {-.24, -.48, .48});
  // No gradient: only momentum, v = .5 v.
  step(lars, {0, 0, 0}, {-.36, -.72, .72}, {-.36, -.72, .72});
}

TEST_CASE_FIXTURE(Fixture, "lars: an L2 term of the loss joins the gradient, and its value the norms") {
  Lars lars(parameters, {.trust_coefficient = .01f}, [](const ParameterInfo& info) {
    return info.kind == ParameterKind::kernel ? Treatment{.l2 = .05, .adapts = true} : Treatment{.l2 = .05};
  });
  // g = 2 * .05 w: the trust ratio is .01 / .1, so that w becomes (1 - 2.4 * .01) w; without it (1 - 2.4 * .1) w.
  step(lars, {0, 0, 0}, {.976, -1.952, 1.952}, {.76, -1.52, 1.52});
  CHECK(lars.norms().to_host<float>()[1] == doctest::Approx(2 * .05 * 9));
}
