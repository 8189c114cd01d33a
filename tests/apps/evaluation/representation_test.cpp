#include "apps/evaluation/representation.h"

#include <doctest/doctest.h>

#include "apps/objectives/network.h"
#include "apps/run/exit_code.h"
#include "engine/ops/global_average_pool.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Mode;
using engine::Tensor;

TEST_CASE("representation: the encoder's output, or a tap of the encoder or of the head behind it, in inference mode") {
  const engine::Context context = kernels::make_context();
  Config config;
  config.model.head.layers = 3;
  config.model.head.hidden = 24;
  engine::ParameterSet parameters;
  const Network network = make_network(parameters, config, tests::MemorySource(4));
  parameters.allocate(context, 1);
  const Tensor images = tests::random_tensor(context, {3, 28, 28, 1}, 1);
  models::Taps taps({"conv2", "layer1"});
  const Tensor features = network.encoder->forward(images, Mode::evaluate, &taps);
  const Tensor projections = network.projector->forward(features, Mode::evaluate, &taps);
  const struct {
    std::string tap, origin;
    Tensor expected;
  } cases[] = {
      {"features", "", features},
      {"conv2", ", the mean over rows and columns of conv2 of the encoder",
       engine::global_average_pool(taps.at("conv2"))},
      {"layer1", ", layer1 of the projection head", taps.at("layer1")},
      {"layer3", ", layer3 of the projection head", projections},
  };
  for (const auto& [tap, origin, expected] : cases) {
    CAPTURE(tap);
    const Representation representation(*network.encoder, &*network.projector, tap);
    CHECK(representation.origin() == origin);
    CHECK(representation.features() == expected.shape()[1]);
    const Tensor actual = representation(images);
    CHECK(actual.to_host<float>() == expected.to_host<float>());
    CHECK_FALSE(actual.wants_gradient());
  }
  CHECK(Representation(*network.encoder)(images).to_host<float>() == features.to_host<float>());
}

TEST_CASE("representation: a tap that the network does not have is told those that it has") {
  const engine::Context context = kernels::make_context();
  engine::ParameterSet parameters;
  const Network network = make_network(parameters, {}, tests::MemorySource(4));
  parameters.allocate(context, 1);
  CHECK(message_of<UsageError>([&] { Representation(*network.encoder, &*network.projector, "group1"); }) ==
        "a tap must be features, or of this encoder conv1, conv2, conv3, or of its projection head layer1, "
        "layer2, got 'group1'");
  CHECK(message_of<UsageError>([&] { Representation(*network.encoder, nullptr, "layer1"); }) ==
        "a tap must be features, or of this encoder conv1, conv2, conv3, got 'layer1'");
}
