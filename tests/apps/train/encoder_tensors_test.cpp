#include "apps/train/encoder_tensors.h"

#include <doctest/doctest.h>

using namespace apps;

namespace {

using Strings = std::vector<std::string>;

std::vector<engine::StoredTensor> named(const Strings& names) {
  std::vector<engine::StoredTensor> tensors;
  for (const std::string& name : names) tensors.push_back({.name = name, .shape = {2}, .bytes = {}});
  return tensors;
}

Strings names(const EncoderTensors& encoder) {
  Strings names;
  for (const auto& [name, tensor] : encoder.tensors) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("encoder tensors: layers of encoders are taken, heads are left out") {
  const auto contents =
      named({"fc.weight", "conv1.weight", "bn12.bias", "layer1.0.conv1.weight", "dense.weight", "linear1.weight",
             "head.conv1.weight", "conv.weight", "conv1", "layerx.weight", "projector.bn1.weight"});
  const EncoderTensors encoder = encoder_tensors(contents);
  CHECK(names(encoder) == Strings{"bn12.bias", "conv1.weight", "dense.weight", "layer1.0.conv1.weight"});
  CHECK(encoder.left_out == Strings{"conv.weight", "conv1", "fc.weight", "head.conv1.weight", "layerx.weight",
                                    "linear1.weight", "projector.bn1.weight"});
  CHECK(encoder.tensors.at("conv1.weight") == &contents[1]);
  CHECK(encoder.shapes().at("bn12.bias") == std::vector<std::int64_t>{2});
}

TEST_CASE("encoder tensors: of a checkpoint, the encoder's alone, without their group") {
  const auto contents =
      named({"projector.bn1.weight", "encoder.conv1.weight", "momentum.encoder.conv1.weight", "bn1.bias"});
  const EncoderTensors encoder = encoder_tensors(contents);
  CHECK(names(encoder) == Strings{"conv1.weight"});
  CHECK(encoder.tensors.at("conv1.weight") == &contents[1]);
  CHECK(encoder.left_out == Strings{"bn1.bias", "momentum.encoder.conv1.weight", "projector.bn1.weight"});
}
