#include "apps/train/model.h"

#include <doctest/doctest.h>

#include <cmath>

#include "apps/settings/usage_error.h"
#include "data/compositions/rand_bits.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("model: its parts are as large as the configuration says") {
  const engine::Context context = kernels::make_context();
  Config config;
  config.model.head.hidden = 256;
  config.model.head.output_batch_norm = false;
  const Model model = make_model(context, config, tests::MemorySource(4));
  // ConvN: 9 * (1*32 + 32*64 + 64*64) convolution weights, 2 * (32 + 64 + 64 + 128) of batch norm, 256 * 128 of the
  // linear layer.
  CHECK(model.parameters.trainable("encoder") == 9 * (32 + 2048 + 4096) + 2 * 288 + 256 * 128);
  CHECK(model.parameters.trainable("projector") == 128 * 256 + 2 * 256 + 256 * 64);
  CHECK(model.parameters.trainable("probe") == 128 * 10 + 10);
  CHECK(model.objective->representation("features").features() == 128);
}

TEST_CASE("model: random bits are input channels, and width widens") {
  const engine::Context context = kernels::make_context();
  const Config config = tests::configured({{"model.width", "2"}});
  const Model model = make_model(context, config, tests::MemorySource(4, 5));
  CHECK(model.parameters.parameters()[0].shape == engine::Shape{64, 3, 3, 6});
  CHECK(model.objective->representation("features").features() == 256);
}

TEST_CASE("model: a ResNet is SimCLR's from the stem to the heads unless told otherwise") {
  const engine::Context context = kernels::make_context();
  Config config;
  config.model.encoder.arch = models::Architecture::resnet18;
  config.model.head.layers = 3;
  config.model.head.out = 128;
  const Model model = make_model(context, config, tests::MemorySource(4, 2));
  CHECK(model.objective->representation("features").features() == 512);
  CHECK(model.parameters.trainable("encoder") == 11173056);
  CHECK(model.parameters.trainable("projector") == 592000);
  for (std::size_t i = 0; i < model.parameters.parameters().size(); ++i) {
    const engine::ParameterInfo& info = model.parameters.parameters()[i];
    if (info.group == "encoder" || info.kind != engine::ParameterKind::kernel) continue;
    CAPTURE(info.name);
    double square = 0;
    for (const float value : model.parameters.value(i).to_host<float>()) square += static_cast<double>(value) * value;
    const auto count = static_cast<double>(info.shape.elements());
    CHECK(std::sqrt(square / count) == doctest::Approx(0.01).epsilon(4 / std::sqrt(2 * count)));  // 4 standard errors
  }
}

TEST_CASE("model: a run may have a probe on every activation of its encoder and its head") {
  const engine::Context context = kernels::make_context();
  const auto made = [&](const std::string& taps) {
    return make_model(context, tests::configured({{"model.probe_taps", taps}}), tests::MemorySource(4));
  };
  const Model model = made("conv1,features,conv3,layer1,layer2");
  std::vector<std::string> names;
  for (const OnlineProbe& probe : model.probes) names.push_back(probe.scalar().name);
  CHECK(names == std::vector<std::string>{"probe_acc", "probe_conv1_acc", "probe_conv3_acc", "probe_layer1_acc",
                                          "probe_layer2_acc"});
  CHECK(model.taps() == std::vector<std::string>{"features", "conv1", "conv3", "layer1", "layer2"});
  const std::pair<std::string, std::int64_t> groups[] = {
      {"probe", 128}, {"probe.conv1", 32}, {"probe.conv3", 64}, {"probe.layer1", 128}, {"probe.layer2", 64}};
  for (const auto& [group, features] : groups) {
    CAPTURE(group);
    CHECK(model.parameters.trainable(group) == features * 10 + 10);
  }
  CHECK(message_of<UsageError>([&] { made("group3"); }) ==
        "a tap must be features, or of this encoder conv1, conv2, conv3, or of its projection head layer1, "
        "layer2, got 'group3'");
  std::string many = "conv1";
  for (int i = 1; i <= 15; ++i) many += ",layer" + std::to_string(i);
  CHECK(message_of<UsageError>([&] { made(many); }) ==
        "model.probe_taps and model.probe_labels ask for 17 probes, and a run has at most 16, one of them on the "
        "features "
        "for the first label set; name fewer");
}

TEST_CASE(
    "model: a run may have a probe for every label set, on every activation with a probe, and none without labels") {
  const engine::Context context = kernels::make_context();
  const data::RandBits source(std::make_shared<tests::MemorySource>(4), {.bits = 3});
  const auto made = [&](const std::string& sets) {
    return make_model(context, tests::configured({{"model.probe_taps", "conv1"}, {"model.probe_labels", sets}}),
                      source);
  };
  const Model model = made("bits,label");
  std::vector<std::string> names;
  for (const OnlineProbe& probe : model.probes) names.push_back(probe.scalar().name);
  CHECK(names == std::vector<std::string>{"probe_acc", "probe_bits_acc", "probe_conv1_acc", "probe_conv1_bits_acc"});
  CHECK(model.parameters.trainable("probe.conv1.bits") == 32 * 6 + 6);
  CHECK(message_of<UsageError>([&] { made("digit"); }) ==
        "model.probe_labels must be a label set of test images + 3 random bits per image (label, bits), got 'digit'");
  class Unlabelled final : public tests::DrawnSource {
   public:
    Unlabelled() : DrawnSource(4, {28, 28, 1}, 1, {}) { layout_.labels.clear(); }
  };
  CHECK(make_model(context, Config{}, Unlabelled()).probes.empty());
}

TEST_CASE("model: the seed decides the start, and nothing else does") {
  const engine::Context context = kernels::make_context();
  Config config;
  const auto start = [&] {
    return make_model(context, config, tests::MemorySource(4)).parameters.values().to_host<float>();
  };
  const std::vector<float> first = start();
  CHECK(start() == first);
  config.train.seed = 2;
  CHECK(start() != first);
}

TEST_CASE("model: images of a size that the encoder cannot take are the data's fault") {
  const tests::DrawnSource small(1, {19, 28, 1}, 2, {}, "small images");
  const engine::Context context = kernels::make_context();
  CHECK(message_of<engine::DataError>([&] { make_model(context, Config{}, small); }) ==
        "small images has images of 19 x 28, and --arch convn needs at least 20 x 20; a ResNet takes any size");
}
