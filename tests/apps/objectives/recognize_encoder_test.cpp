#include "apps/objectives/recognize_encoder.h"

#include <doctest/doctest.h>

#include "apps/objectives/make_encoder.h"
#include "apps/train/stored_layout.h"
#include "kernels/context.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"

using namespace apps;

namespace {

/// The tensors that a file of this encoder has.
TensorShapes shapes_of(const models::EncoderOptions& options, int bits = 0) {
  const engine::Context context = kernels::make_context();
  engine::ParameterSet parameters;
  const auto encoder = make_encoder(engine::Scope(parameters, "encoder"), options, tests::MemorySource(1, bits));
  parameters.allocate(context, 1);
  TensorShapes shapes;
  for (const Named& named : named_tensors(parameters))
    shapes[named.name.substr(sizeof("encoder"))] = stored_form(named.tensor).shape;
  return shapes;
}

}  // namespace

TEST_CASE("recognized encoder: every encoder is known by its tensors") {
  for (const std::string_view arch : engine::kNames<models::Architecture>) {
    for (const std::string_view variant : engine::kNames<models::ResNet::Variant>) {
      for (const std::string_view stem : engine::kNames<models::ResNet::Stem>) {
        if (arch == "convn" && (variant != "simclr" || stem != "cifar")) continue;
        CAPTURE(arch);
        CAPTURE(variant);
        CAPTURE(stem);
        models::EncoderOptions options =
            tests::configured({{"model.arch", arch}, {"model.width", "0.25"}}).model.encoder;
        if (arch != "convn") {
          options =
              tests::configured(
                  {{"model.arch", arch}, {"model.width", "0.25"}, {"model.variant", variant}, {"model.stem", stem}})
                  .model.encoder;
        }
        const auto encoder = recognize_encoder(shapes_of(options, 2));
        REQUIRE(encoder);
        CHECK(encoder->arch == options.arch);
        CHECK(encoder->in_channels == 3);
        CHECK(encoder->width == 0.25);
        CHECK((encoder->stem ? engine::name(*encoder->stem) : "cifar") == stem);
        const bool basic = arch == "resnet18" || arch == "resnet34";
        CHECK(encoder->variant.has_value() == basic);
        if (basic) CHECK(engine::name(*encoder->variant) == variant);
      }
    }
  }
}

TEST_CASE("recognized encoder: what is like none of them is none") {
  const TensorShapes known =
      shapes_of(tests::configured({{"model.arch", "resnet18"}, {"model.width", "0.25"}}).model.encoder);
  CHECK(recognize_encoder(known));
  CHECK_FALSE(recognize_encoder({}));
  TensorShapes changed = known;
  changed.erase("layer4.1.conv1.weight");  // a depth that does not exist
  CHECK_FALSE(recognize_encoder(changed));
  changed = known;
  changed["conv1.weight"] = {16, 1, 5, 5};
  CHECK_FALSE(recognize_encoder(changed));
  changed["conv1.weight"] = {16};
  CHECK_FALSE(recognize_encoder(changed));
}
