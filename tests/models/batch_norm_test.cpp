#include "models/batch_norm.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("batch norm layer: its tensors have torchvision's names and starts") {
  const Context context = kernels::make_context();
  for (const bool beta : {true, false}) {
    ParameterSet parameters;
    const models::BatchNorm layer(Scope(parameters, "encoder") / "bn1", 3, {.beta = beta, .gamma_initial = 2});
    parameters.allocate(context, 1);
    REQUIRE(parameters.parameters().size() == (beta ? 2 : 1));
    CHECK(parameters.parameters()[0].name == "encoder.bn1.weight");
    CHECK(parameters.parameters()[0].kind == ParameterKind::gamma);
    CHECK(parameters.value(0).to_host<float>() == std::vector<float>(3, 2));
    if (beta) {
      CHECK(parameters.parameters()[1].name == "encoder.bn1.bias");
      CHECK(parameters.parameters()[1].kind == ParameterKind::beta);
      CHECK(parameters.value(1).to_host<float>() == std::vector<float>(3, 0));
    }
    std::vector<std::string> states;
    for (const StateInfo& info : parameters.states()) states.push_back(info.name);
    CHECK(states == std::vector<std::string>{"encoder.bn1.running_mean", "encoder.bn1.running_var",
                                             "encoder.bn1.num_batches_tracked"});
    CHECK(parameters.state(1).to_host<float>() == std::vector<float>(3, 1));
    const Tensor x = tests::random_tensor(context, {5, 3}, 1);
    (void)layer(x, Mode::evaluate);
    CHECK(parameters.state(2).to_host<std::int64_t>() == std::vector<std::int64_t>{0});
    (void)layer(x, Mode::train);
    CHECK(parameters.state(2).to_host<std::int64_t>() == std::vector<std::int64_t>{1});
  }
}
