#include "apps/objectives/make_encoder.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"

using namespace apps;

namespace {

/// A source of 3-channel images of `size` x `size` pixels.
tests::DrawnSource photographs(std::int64_t size) { return {1, {size, size, 3}, 10, {}, "photographs"}; }

models::EncoderOptions resnet(const std::string& variant, const std::string& stem) {
  return tests::configured({{"model.arch", "resnet18"}, {"model.variant", variant}, {"model.stem", stem}})
      .model.encoder;
}

}  // namespace

TEST_CASE("encoder: the stem follows the size of the images unless it is named") {
  const auto stem = [](std::int64_t size, const std::string& asked) {
    return describe_encoder(resnet("simclr", asked), photographs(size)).at("stem");
  };
  CHECK(stem(32, "auto") == "cifar");
  CHECK(stem(33, "auto") == "imagenet");
  CHECK(stem(224, "cifar") == "cifar");
  CHECK(stem(28, "imagenet") == "imagenet");
}

TEST_CASE("encoder: the description is of what is built") {
  const engine::Context context = kernels::make_context();
  for (const std::string variant : {"simclr", "torchvision"}) {
    for (const std::string stem : {"cifar", "imagenet"}) {
      CAPTURE(variant);
      CAPTURE(stem);
      engine::ParameterSet parameters;
      const auto encoder =
          make_encoder(engine::Scope(parameters, "encoder"), resnet(variant, stem), tests::MemorySource(4, 2));
      CHECK(encoder->features() == 512);
      parameters.allocate(context, 1);
      CHECK(parameters.trainable("encoder") ==
            (stem == "cifar" ? 11168832 : 11176512) + (variant == "simclr" ? 64 * 64 + 128 : 0));
    }
  }
}

TEST_CASE("encoder: whether torchvision takes it, and why not") {
  const auto& loads = fits_torchvision;
  CHECK(loads(resnet("torchvision", "imagenet"), photographs(64)) == "yes");
  CHECK(loads(resnet("torchvision", "imagenet"), tests::MemorySource(1, 2)) == "yes");
  CHECK(loads(resnet("torchvision", "imagenet"), tests::MemorySource(1)) == "no: 1 input channels instead of 3");
  CHECK(loads(resnet("torchvision", "cifar"), photographs(64)) == "no: a 3x3 stem without pooling");
  CHECK(loads(resnet("simclr", "imagenet"), photographs(64)) ==
        "no: SimCLR's shortcut in layer1 and padding of the pooling");
  models::EncoderOptions wide = resnet("torchvision", "imagenet");
  wide.resnet.width = 2;
  CHECK(loads(wide, photographs(64)) == "no: 2 times as wide");
  models::EncoderOptions keras = resnet("torchvision", "imagenet");
  keras.resnet.batch_norm.epsilon = 1e-3f;
  CHECK(loads(keras, photographs(64)) == "no: batch norm's epsilon is 0.001 instead of 1e-05");
  CHECK(loads({}, tests::MemorySource(1)) == "no: torchvision has no convn");
}

TEST_CASE("encoder: torchvision takes the deeper networks, too") {
  for (const std::string arch : {"resnet50", "resnet101", "resnet152"}) {
    const auto options = [&](const std::string& variant, const std::string& width) {
      return tests::configured(
                 {{"model.arch", arch}, {"model.variant", variant}, {"model.stem", "imagenet"}, {"model.width", width}})
          .model.encoder;
    };
    CHECK(fits_torchvision(options("torchvision", "1"), photographs(64)) == "yes");
    CHECK(fits_torchvision(options("torchvision", "0.25"), photographs(64)) == "no: 0.25 times as wide");
    CHECK(fits_torchvision(options("simclr", "1"), photographs(64)) == "no: SimCLR's padding of the pooling");
    models::EncoderOptions selective = options("torchvision", "1");
    selective.resnet.selective_kernels = true;
    CHECK(fits_torchvision(selective, photographs(64)) == "no: selective kernels and ResNet-D's stem and shortcuts");
    CHECK(describe_encoder(selective, photographs(64)) ==
          std::map<std::string, std::string>{{"arch", arch},
                                             {"in_chans", "3"},
                                             {"selective_kernels", "on"},
                                             {"stem", "imagenet"},
                                             {"variant", "torchvision"}});
  }
}

TEST_CASE("encoder: no two tensors of an encoder draw their initial values alike, and its features are SimCLR's") {
  const std::pair<std::string, std::int64_t> features[] = {{"convn", 128},      {"resnet18", 512},
                                                           {"resnet34", 512},   {"resnet50", 2048},
                                                           {"resnet101", 2048}, {"resnet152", 2048}};
  for (const auto& [arch, expected] : features) {
    for (const bool selective : {false, true}) {
      for (const std::string stem : {"cifar", "imagenet"}) {
        if (arch == "convn" && (selective || stem == "imagenet")) continue;
        engine::ParameterSet parameters;  // refuses two names of one hash
        models::EncoderOptions options = tests::configured({{"model.arch", arch}}).model.encoder;
        options.stem = *engine::named<models::StemChoice>(stem);
        options.resnet.selective_kernels = selective;
        const auto encoder = make_encoder(engine::Scope(parameters, "encoder"), options, tests::MemorySource(1));
        CHECK(encoder->features() == expected);
      }
    }
  }
}

TEST_CASE("encoder: says when a fractional width made it round channel counts") {
  const auto said = [](const std::string& arch, const std::string& width) {
    return rounded_channels(tests::configured({{"model.arch", arch}, {"model.width", width}}).model.encoder);
  };
  CHECK_FALSE(said("convn", "0.25"));
  CHECK_FALSE(said("resnet50", "3"));
  CHECK_FALSE(said("resnet50", "1.5"));
  CHECK(said("convn", "0.3") ==
        "model.width = 0.3: channel counts are rounded to multiples of 8: 8, 16, 16, 40 instead of 9.6, 19.2, 19.2, "
        "38.4");
  CHECK(said("resnet50", "0.3") ==
        "model.width = 0.3: channel counts are rounded to multiples of 8: 16, 40, 80, 152 instead of 19.2, 38.4, 76.8, "
        "153.6");
}

TEST_CASE("encoder: files say what it is") {
  CHECK(describe_encoder(resnet("simclr", "auto"), photographs(64)) ==
        std::map<std::string, std::string>{
            {"arch", "resnet18"}, {"in_chans", "3"}, {"stem", "imagenet"}, {"variant", "simclr"}});
  CHECK(describe_encoder({}, tests::MemorySource(1)) ==
        std::map<std::string, std::string>{{"arch", "convn"}, {"in_chans", "1"}});
}
