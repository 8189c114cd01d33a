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

TEST_CASE("recognized encoder: every ResNet is known by its tensors") {
  for (const std::string_view arch : engine::kNames<models::Architecture>) {
    if (arch == "convn") continue;
    const bool basic = arch == "resnet18" || arch == "resnet34";
    for (const std::string_view variant : engine::kNames<models::ResNet::Variant>) {
      for (const std::string_view stem : engine::kNames<models::ResNet::Stem>) {
        for (const std::string_view selective : {"off", "on"}) {
          CAPTURE(arch);
          CAPTURE(variant);
          CAPTURE(stem);
          CAPTURE(selective);
          const Config config = tests::configured({{"model.arch", arch},
                                                   {"model.width", "0.25"},
                                                   {"model.variant", variant},
                                                   {"model.stem", stem},
                                                   {"model.selective_kernels", selective}});
          const auto encoder = recognize_encoder(shapes_of(config.model.encoder, 2));
          REQUIRE(encoder);
          CHECK(engine::name(encoder->arch) == arch);
          CHECK(encoder->in_channels == 3);
          CHECK(encoder->width == 0.25);
          CHECK(engine::name(encoder->stem.value()) == stem);
          CHECK(encoder->selective_kernels == (selective == "on"));
          CHECK(encoder->variant.has_value() == basic);
          if (basic) CHECK(engine::name(*encoder->variant) == variant);
        }
      }
    }
  }
}

TEST_CASE("recognized encoder: so is ConvN") {
  const auto encoder = recognize_encoder(shapes_of(tests::configured({{"model.width", "2"}}).model.encoder));
  REQUIRE(encoder);
  CHECK(encoder->arch == models::Architecture::convn);
  CHECK(encoder->in_channels == 1);
  CHECK(encoder->width == 2);
  CHECK_FALSE(encoder->stem);
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
