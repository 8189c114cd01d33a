#include "apps/objectives/encode.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/reduce.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Mode;
using engine::Tensor;

namespace {

constexpr std::int64_t kImages = 4;

struct Bench {
  Bench() {
    network = make_network(parameters, Config{}, tests::MemorySource(kImages));
    parameters.allocate(context, 1);
    views = tests::random_tensor(context, {2, kImages, 28, 28, 1}, 1);
  }
  /// The projections of some of all images, in a forward pass of their own.
  std::vector<float> project(std::int64_t begin, std::int64_t count) const {
    const Tensor images = views.view_as({2 * kImages, 28, 28, 1}).narrow(begin, count);
    return network.projector->forward(network.encoder->forward(images, Mode::train), Mode::train).to_host<float>();
  }

  engine::Context context = kernels::make_context();
  engine::ParameterSet parameters;
  Network network;
  Tensor views;
};

}  // namespace

TEST_CASE("encode: each pass has its own batch statistics, and rows keep their order") {
  const Bench bench;
  for (const std::int64_t passes : {1, 2, 4}) {
    CAPTURE(passes);
    std::vector<float> expected;
    const std::int64_t of_pass = 2 * kImages / passes;
    for (std::int64_t i = 0; i < passes; ++i) {
      const std::vector<float> rows = bench.project(i * of_pass, of_pass);
      expected.insert(expected.end(), rows.begin(), rows.end());
    }
    CHECK(encode(bench.network, bench.views, passes, {}).rows.to_host<float>() == expected);
  }
}

TEST_CASE("encode: taps are shown per view, whatever the passes, without their graph") {
  const Bench bench;
  const std::vector<std::string> taps{"features", "layer2"};
  for (const std::int64_t passes : {1, 2, 4}) {
    CAPTURE(passes);
    const Encoded encoded = encode(bench.network, bench.views, passes, taps);
    REQUIRE(encoded.tapped.size() == 2);
    const std::vector<float> rows = encoded.rows.to_host<float>();
    std::vector<float> shown;
    for (const Tensor& view : encoded.tapped[1].views) {
      CHECK(view.shape() == engine::Shape{kImages, 64});
      CHECK_FALSE(view.wants_gradient());
      const std::vector<float> values = view.to_host<float>();
      shown.insert(shown.end(), values.begin(), values.end());
    }
    CHECK(shown == rows);  // "layer2" is the head's last layer
    CHECK(encoded.tapped[0].views.size() == 2);
  }
}

TEST_CASE("encode: all passes have gradients") {
  const Bench bench;
  engine::backward(engine::sum(encode(bench.network, bench.views, 4, {}).rows));
  const Tensor gradient = bench.parameters.gradient(0);
  CHECK(gradient.shape() == engine::Shape{32, 3, 3, 1});
  double norm = 0;
  for (const float value : gradient.to_host<float>()) norm += static_cast<double>(value) * value;
  CHECK(norm > 0);
}

TEST_CASE("encode: passes must divide the images into views or equal parts of them") {
  const Bench bench;
  CHECK(message_of<engine::Error>([&] { encode(bench.network, bench.views, 3, {}); }) ==
        "encode: 3 passes do not divide 2 views of 4 images equally");
}
