#include "apps/train/network.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("network: its parts are as large as the configuration says") {
  const engine::Context context = kernels::make_context();
  Config config;
  config.model.proj_hidden = 256;
  config.model.proj_output_bn = false;
  const Network network(context, config, tests::MemorySource(4));
  // ConvN: 9 * (1*32 + 32*64 + 64*64) weights, 2 * (32 + 64 + 64 + 128) of batch norm, 256 * 128 of the linear layer.
  CHECK(network.parameters.trainable("encoder") == 9 * (32 + 2048 + 4096) + 2 * 288 + 256 * 128);
  CHECK(network.parameters.trainable("projector") == 128 * 256 + 2 * 256 + 256 * 64);
  CHECK(network.parameters.trainable("probe") == 128 * 10 + 10);
  CHECK(network.encoder->features() == 128);
}

TEST_CASE("network: random bits are input channels, and width widens") {
  const engine::Context context = kernels::make_context();
  Config config;
  config.model.width = 2;
  const Network network(context, config, tests::MemorySource(4, 5));
  CHECK(network.parameters.parameters()[0].shape == engine::Shape{64, 3, 3, 6});
  CHECK(network.encoder->features() == 256);
}

TEST_CASE("network: a ResNet is SimCLR's from the stem to the heads unless told otherwise") {
  const engine::Context context = kernels::make_context();
  Config config;
  config.model.arch = "resnet18";
  config.model.proj_layers = 3;
  config.model.proj_dim = 128;
  const Network network(context, config, tests::MemorySource(4, 2));
  CHECK(network.encoder->features() == 512);
  CHECK(network.parameters.trainable("encoder") == 11173056);
  CHECK(network.parameters.trainable("projector") == 592000);
  for (std::size_t i = 0; i < network.parameters.parameters().size(); ++i) {
    const engine::ParameterInfo& info = network.parameters.parameters()[i];
    if (info.group == "encoder" || info.kind != engine::ParameterKind::kernel) continue;
    CAPTURE(info.name);
    double square = 0;
    for (const float value : network.parameters.value(i).to_host<float>()) square += static_cast<double>(value) * value;
    const auto count = static_cast<double>(info.shape.elements());
    CHECK(std::sqrt(square / count) == doctest::Approx(0.01).epsilon(4 / std::sqrt(2 * count)));  // 4 standard errors
  }
}

TEST_CASE("network: the seed decides the start, and nothing else does") {
  const engine::Context context = kernels::make_context();
  Config config;
  const auto start = [&] {
    return Network(context, config, tests::MemorySource(4)).parameters.values().to_host<float>();
  };
  const std::vector<float> first = start();
  CHECK(start() == first);
  config.train.seed = 2;
  CHECK(start() != first);
}

TEST_CASE("network: images of a size that the encoder cannot take are the data's fault") {
  class Small final : public data::Source {
   public:
    std::int64_t size() const override { return 1; }
    engine::Shape image_shape() const override { return {20, 28, 1}; }
    int classes() const override { return 2; }
    void image(std::int64_t, std::uint8_t*) const override {}
    std::int32_t label(std::int64_t) const override { return 0; }
    std::string describe() const override { return "small images"; }
  };
  const engine::Context context = kernels::make_context();
  CHECK(message_of<engine::DataError>([&] { Network(context, Config{}, Small()); }) ==
        "small images has images of 20 x 28, and --arch convn takes 28 x 28 only");
}
