#include "apps/train/make_encoder.h"

#include <algorithm>

#include "kernels/runtime/error.h"
#include "models/conv_n.h"
#include "models/resnet.h"

namespace apps {
namespace {

using models::ResNet;

constexpr std::int64_t kLargestCifarImage = 32;
constexpr double kTorchvisionEpsilon = 1e-5;

std::int64_t channels(const data::Source& source) { return source.image_shape()[2] + source.bit_planes(); }

engine::BatchNormOptions batch_norm(const Config::Model& model) {
  return {.epsilon = static_cast<float>(model.bn_eps),
          .momentum = static_cast<float>(model.bn_momentum),
          .unbiased_variance = model.bn_unbiased_variance};
}

ResNet::Stem stem(const Config& config, const data::Source& source) {
  if (config.model.stem != "auto") return config.model.stem == "cifar" ? ResNet::Stem::cifar : ResNet::Stem::imagenet;
  const engine::Shape image = source.image_shape();
  return std::max(image[0], image[1]) <= kLargestCifarImage ? ResNet::Stem::cifar : ResNet::Stem::imagenet;
}

ResNet::Options resnet_options(const Config& config, const data::Source& source) {
  return {.depth = config.model.arch == "resnet34" ? 34 : 18,
          .in_channels = channels(source),
          .width = config.model.width,
          .variant = config.model.variant == "simclr" ? ResNet::Variant::simclr : ResNet::Variant::torchvision,
          .stem = stem(config, source),
          .zero_gamma = config.model.zero_gamma,
          .batch_norm = batch_norm(config.model)};
}

}  // namespace

std::unique_ptr<models::Encoder> make_encoder(const engine::Scope& scope, const Config& config,
                                              const data::Source& source) {
  if (config.model.arch != "convn") return std::make_unique<ResNet>(scope, resnet_options(config, source));
  if (const engine::Shape& image = source.image_shape(); image[0] != 28 || image[1] != 28) {
    throw engine::DataError(engine::concat(source.describe(), " has images of ", image[0], " x ", image[1],
                                           ", and --arch convn takes 28 x 28 only"));
  }
  return std::make_unique<models::ConvN>(
      scope, models::ConvN::Options{
                 .in_channels = channels(source), .width = config.model.width, .batch_norm = batch_norm(config.model)});
}

std::map<std::string, std::string> describe_encoder(const Config& config, const data::Source& source) {
  std::map<std::string, std::string> description{{"arch", config.model.arch},
                                                 {"in_chans", std::to_string(channels(source))}};
  if (config.model.arch == "convn") return description;
  const ResNet::Options options = resnet_options(config, source);
  description["variant"] = config.model.variant;
  description["stem"] = options.stem == ResNet::Stem::cifar ? "cifar" : "imagenet";
  return description;
}

std::string fits_torchvision(const Config& config, const data::Source& source) {
  const Config::Model& model = config.model;
  if (model.arch == "convn") return "no: torchvision has no convn";
  const ResNet::Options options = resnet_options(config, source);
  if (options.variant == ResNet::Variant::simclr) return "no: SimCLR's shortcut in layer1 and padding of the pooling";
  if (options.stem == ResNet::Stem::cifar) return "no: a 3x3 stem without pooling";
  if (options.width != 1) return engine::concat("no: ", options.width, " times as wide");
  if (options.in_channels != 3) return engine::concat("no: ", options.in_channels, " input channels instead of 3");
  if (model.bn_eps != kTorchvisionEpsilon) {
    return engine::concat("no: batch norm's epsilon is ", model.bn_eps, " instead of ", kTorchvisionEpsilon);
  }
  return "yes";
}

}  // namespace apps
