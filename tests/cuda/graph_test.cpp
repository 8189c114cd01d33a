#include <doctest/doctest.h>

#include "engine/ops/elementwise.h"
#include "engine/tensor.h"
#include "kernels/context.h"
#include "kernels/elementwise.h"

using engine::Context;
using engine::Tensor;

namespace {
const engine::Device kDevice{engine::DeviceKind::cuda, 0};
}

TEST_CASE("graph: nothing happens until it is launched, then the same again and again on what memory holds") {
  const Context context = kernels::make_context({.device = kDevice});
  const Tensor x = Tensor::from(context, {3}, std::vector<float>{1, 2, 3});
  const Tensor total = Tensor::zeros(context, {3});
  const auto step = [&] {
    const Tensor twice = engine::scale(x, 2);  // memory reserved for the graph
    kernels::scale(context, {.x = twice, .alpha = 1, .y = {total, true}});
  };
  step();
  engine::Pool::Arena arena(context.pool());
  const auto graph = context.backend().capture(step);
  arena.end_capture();
  REQUIRE(graph);
  CHECK(total.to_host<float>() == std::vector<float>{2, 4, 6});
  const Tensor other = Tensor::from(context, {3}, std::vector<float>{7, 7, 7});  // not in the graph's memory
  graph->launch();
  graph->launch();
  CHECK(total.to_host<float>() == std::vector<float>{6, 12, 18});
  CHECK(other.to_host<float>() == std::vector<float>{7, 7, 7});
  x.upload<float>(std::vector<float>{10, 10, 10});
  graph->launch();
  CHECK(total.to_host<float>() == std::vector<float>{26, 32, 38});
}

TEST_CASE("graph: what cannot be captured is an error, and the stream works on") {
  const Context context = kernels::make_context({.device = kDevice});
  const Tensor x = Tensor::from(context, {3}, std::vector<float>{1, 2, 3});
  CHECK_THROWS_AS(context.backend().capture([&] { x.to_host<float>(); }), engine::Error);  // waits for the device
  CHECK(engine::scale(x, 2).to_host<float>() == std::vector<float>{2, 4, 6});
}
