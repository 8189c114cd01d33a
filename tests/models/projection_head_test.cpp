#include "models/projection_head.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using namespace models;

TEST_CASE("projection head: parameter counts of SimCLR for any number of layers") {
  const auto count = [](std::int64_t in, std::int64_t layers, std::int64_t out) {
    ParameterSet parameters;
    const ProjectionHead head(Scope(parameters, "projector"), {.in = in, .layers = layers, .out = out});
    return parameters.trainable("projector");
  };
  CHECK(count(512, 2, 128) == 328832);
  CHECK(count(512, 3, 128) == 592000);
  CHECK(count(512, 4, 128) == 855168);
  CHECK(count(512, 1, 128) == 512 * 128 + 128);
  CHECK(count(2048, 2, 128) == 4460672);
  CHECK(count(2048, 3, 128) == 8659072);
  CHECK(count(2048, 4, 128) == 12857472);
  CHECK(count(2048, 2, 64) == 4329536);
  CHECK(count(16, 100, 8) == 99 * (16 * 16 + 2 * 16) + 16 * 8 + 8);
}

TEST_CASE("projection head: output batch norm centres the projections, without it nothing follows the last product") {
  const Context context = kernels::make_context();
  for (const bool output_batch_norm : {true, false}) {
    ParameterSet parameters;
    const ProjectionHead head(Scope(parameters, "projector"),
                              {.in = 8, .out = 3, .output_batch_norm = output_batch_norm, .glorot = true});
    parameters.allocate(context, 1);
    const Tensor z = head.forward(tests::random_tensor(context, {16, 8}, 1), Mode::train);
    CHECK(z.shape() == Shape{16, 3});
    double sum = 0;
    for (const float v : z.to_host<float>()) sum += v;
    CHECK((std::abs(sum) < 1e-4) == output_batch_norm);
  }
  ParameterSet parameters;
  CHECK_THROWS_WITH_AS(ProjectionHead(Scope(parameters, "projector"), {.in = 8, .layers = 0}),
                       "projection head: expected at least 1 layer, got 0", Error);
}
