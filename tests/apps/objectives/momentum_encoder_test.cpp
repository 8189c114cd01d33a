#include "apps/objectives/momentum_encoder.h"

#include <doctest/doctest.h>

#include "engine/optim/training_status.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Mode;
using engine::Tensor;

TEST_CASE("momentum encoder: it projects as the trained network does until that one is updated") {
  const engine::Context context = kernels::make_context();
  for (const engine::Dtype dtype : {engine::Dtype::f32, engine::Dtype::bf16}) {
    CAPTURE(engine::name(dtype));
    const tests::MemorySource source(4);
    engine::ParameterSet parameters;
    const Network network = make_network(parameters, Config{}, source);
    MomentumEncoder momentum(Config{}, source, {.start = 0});
    parameters.allocate(context, 1, dtype);
    momentum.initialize(parameters);
    const Tensor images = tests::random_tensor(context, {4, 28, 28, 1}, 1, dtype);
    const auto trained = [&] {
      return network.projector->forward(network.encoder->forward(images, Mode::train), Mode::train).to_host<float>();
    };
    const Tensor first = momentum.project(images, 1);
    CHECK(first.to_host<float>() == trained());
    CHECK_FALSE(first.wants_gradient());

    const Tensor weight = parameters.value(0);
    std::vector<float> changed = weight.to_host<float>();
    changed[3] += 1;
    weight.upload<float>(changed);
    parameters.refresh_shadow();
    CHECK(momentum.project(images, 1).to_host<float>() != trained());
    const engine::TrainingStatus status(
        context, [](std::int64_t) { return 1e-3; }, 0);
    momentum.follow(status.clock());  // with momentum 0: a copy
    CHECK(momentum.project(images, 1).to_host<float>() == trained());
  }
}

TEST_CASE("momentum encoder: its running statistics are its own") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(4);
  engine::ParameterSet parameters;
  const Network network = make_network(parameters, Config{}, source);
  MomentumEncoder momentum(Config{}, source, {});
  parameters.allocate(context, 1);
  momentum.initialize(parameters);
  const std::vector<float> before = parameters.state(0).to_host<float>();
  momentum.project(tests::random_tensor(context, {4, 28, 28, 1}, 1), 1);
  CHECK(parameters.state(0).to_host<float>() == before);
  CHECK(momentum.parameters().state(0).to_host<float>() != before);
}
