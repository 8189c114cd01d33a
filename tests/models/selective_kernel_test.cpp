#include "models/selective_kernel.h"

#include <doctest/doctest.h>

#include <map>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using models::SelectiveKernel;

namespace {

Initializer kernel(std::int64_t fan_in, std::int64_t) { return Initializer::lecun_normal(fan_in); }

SelectiveKernel make(ParameterSet& parameters, const SelectiveKernel::Options& options) {
  const Scope scope(parameters, "encoder");
  return {{.convolution = scope / "conv2", .batch_norm = scope / "bn2", .select = scope / "select"}, options};
}

}  // namespace

TEST_CASE("selective kernel: its tensors, of at least 32 reduced channels") {
  ParameterSet few, many;
  (void)make(few, {.in = 8, .out = 16, .kernel = kernel});
  CHECK(few.trainable("encoder") == 32 * 9 * 8 + 2 * 32 + 32 * 16 + 2 * 32 + 32 * 32);
  (void)make(many, {.in = 8, .out = 1040, .kernel = kernel});  // 1040 / 16 = 65
  CHECK(many.trainable("encoder") == 2080 * 9 * 8 + 2 * 2080 + 65 * 1040 + 2 * 65 + 2080 * 65);
}

TEST_CASE("selective kernel: where both streams are alike, the mixture is either of them") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const SelectiveKernel layer = make(parameters, {.in = 3, .out = 4, .stride = 2, .kernel = kernel});
  parameters.allocate(context, 1);
  const Tensor weights = parameters.value(0);
  std::vector<float> halves = weights.to_host<float>();
  std::copy_n(halves.begin(), halves.size() / 2, halves.begin() + static_cast<std::ptrdiff_t>(halves.size() / 2));
  weights.upload<float>(halves);
  const Tensor x = tests::random_tensor(context, {3, 7, 5, 3}, 1);
  const Tensor y = layer(x, Mode::train);
  CHECK(y.shape() == Shape{3, 4, 3, 4});
  ParameterSet alone;
  const Scope scope(alone, "encoder");
  const models::ConvBn stream{.convolution = {scope / "conv2", {.in = 3, .out = 4, .size = 3, .stride = 2, .pad = 1}},
                              .batch_norm = {scope / "bn2", 4, {}}};
  alone.allocate(context, 1);
  alone.value(0).upload<float>({halves.data(), halves.size() / 2});
  const std::vector<float> expected = stream(x, Mode::train, {.relu = true}).to_host<float>();
  tests::expect_close(y.to_host<float>(), {expected.begin(), expected.end()}, 1e-6);
}

TEST_CASE("selective kernel: every parameter gets a gradient, and evaluation keeps no graph") {
  const Context context = kernels::make_context();
  ParameterSet parameters;
  const SelectiveKernel layer = make(parameters, {.in = 3, .out = 4, .kernel = kernel});
  parameters.allocate(context, 1);
  parameters.zero_grad();
  const Tensor x = tests::random_tensor(context, {3, 7, 5, 3}, 1), y = layer(x, Mode::train);
  backward(y, tests::random_tensor(context, y.shape(), 2));
  for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
    CAPTURE(parameters.parameters()[i].name);
    double squares = 0;
    for (const float g : parameters.gradient(i).to_host<float>()) squares += static_cast<double>(g) * g;
    CHECK(squares > 0);
  }
  CHECK_FALSE(layer(x, Mode::evaluate).wants_gradient());
}
