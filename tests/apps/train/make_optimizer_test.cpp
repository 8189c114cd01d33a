#include "apps/train/make_optimizer.h"

#include <doctest/doctest.h>

#include "engine/optim/training_status.h"
#include "engine/scope.h"
#include "kernels/context.h"

using namespace apps;
using engine::OptimizerName;
using engine::ParameterKind;

TEST_CASE("make_optimizer: decay reaches each kind of parameter as SimCLR and the notebook have it") {
  engine::OptimizerOptions optim;
  const auto treated = [&](ParameterKind kind, const std::string& group) {
    return treatment(optim, {.name = "", .shape = {}, .kind = kind, .group = group, .initializer = {}});
  };
  const auto is = [](const engine::Treatment& t, double l2, double weight_decay, bool adapts) {
    return t.l2 == l2 && t.weight_decay == weight_decay && t.adapts == adapts;
  };
  const std::string all[] = {"encoder", "projector", "probe", "probe.digit"};

  optim.l2 = 0.25;
  for (const OptimizerName name : {OptimizerName::adam, OptimizerName::sgd, OptimizerName::lars}) {
    optim.name = name;
    CHECK(treated(ParameterKind::kernel, "encoder").l2 == 0.25);
    CHECK(treated(ParameterKind::kernel, "projector").l2 == 0.25);
    for (const char* probe : {"probe", "probe.digit"}) CHECK(is(treated(ParameterKind::kernel, probe), 0, 0, false));
    for (const std::string& group : all) CHECK(is(treated(ParameterKind::bias, group), 0, 0, false));
  }
  optim.weight_decay = 0.5;
  for (const OptimizerName name : {OptimizerName::adam, OptimizerName::sgd}) {
    optim.name = name;
    CHECK(is(treated(ParameterKind::kernel, "encoder"), 0.25 + 0.25, 0, false));
    CHECK(is(treated(ParameterKind::kernel, "probe"), 0.25, 0, false));
    for (const std::string& group : all) {
      CHECK(is(treated(ParameterKind::bias, group), 0.25, 0, false));
      CHECK(is(treated(ParameterKind::gamma, group), 0, 0, false));
      CHECK(is(treated(ParameterKind::beta, group), 0, 0, false));
    }
  }
  optim.name = OptimizerName::lars;
  CHECK(is(treated(ParameterKind::kernel, "encoder"), 0.25, 0.5, true));
  CHECK(is(treated(ParameterKind::kernel, "projector"), 0.25, 0.5, true));
  CHECK(is(treated(ParameterKind::kernel, "probe"), 0.25, 0, false));
  for (const ParameterKind kind : {ParameterKind::bias, ParameterKind::gamma, ParameterKind::beta})
    for (const std::string& group : all) CHECK(is(treated(kind, group), 0, 0, false));
}

TEST_CASE("make_optimizer: the name chooses the class, and the options reach the update") {
  const engine::Context context = kernels::make_context();
  engine::ParameterSet parameters;
  engine::Scope(parameters, "encoder").add("w", {1}, ParameterKind::kernel, engine::Initializer::constant(2));
  parameters.allocate(context, 1);
  const auto moved = [&](const engine::OptimizerOptions& optim, float second_rate = 1) {
    parameters.value(0).upload<float>(std::vector<float>{2});
    parameters.gradient(0).upload<float>(std::vector<float>{1});
    engine::TrainingStatus status(
        context, [&](std::int64_t t) { return t == 0 ? 1.0 : static_cast<double>(second_rate); }, 0);
    const auto optimizer = make_optimizer(optim, parameters);
    for (int t = 0; t < 2; ++t) {
      optimizer->step(engine::Tensor::zeros(context, {}), status.clock());
      status.finish_step({});
    }
    return 2 - parameters.value(0).to_host<float>()[0];
  };
  CHECK(dynamic_cast<engine::Adam*>(make_optimizer({.name = OptimizerName::adam}, parameters).get()));
  CHECK(dynamic_cast<engine::Sgd*>(make_optimizer({.name = OptimizerName::sgd}, parameters).get()));
  CHECK(dynamic_cast<engine::Lars*>(make_optimizer({.name = OptimizerName::lars}, parameters).get()));
  CHECK(moved({.name = OptimizerName::adam, .adam = {.beta1 = 0, .beta2 = 0, .epsilon = 3}}) ==
        doctest::Approx(0.25 + 0.25));
  CHECK(moved({.name = OptimizerName::sgd, .sgd = {.momentum = 0.5, .nesterov = false}}) == doctest::Approx(1 + 1.5));
  CHECK(moved({.name = OptimizerName::sgd, .sgd = {.momentum = 0.5}}) == doctest::Approx(1.5 + 1.75));
  CHECK(moved({.name = OptimizerName::sgd, .sgd = {.momentum = 0.5, .nesterov = false}}, 0.5f) ==
        doctest::Approx(1 + 0.75));
  CHECK(moved({.name = OptimizerName::sgd, .sgd = {.momentum = 0.5, .nesterov = false, .form = engine::SgdForm::keras}},
              0.5f) == doctest::Approx(1 + 1));
  CHECK(moved({.name = OptimizerName::lars, .lars = {.momentum = 0.5, .trust_coefficient = 0.1f}}) ==
        doctest::Approx(0.2 + 0.28));
}
