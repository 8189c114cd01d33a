#include "apps/objectives/make_encoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kernels/runtime/error.h"
#include "models/width.h"

namespace apps {
namespace {

using models::Architecture;
using models::ConvN;
using models::ResNet;
using models::StemChoice;

constexpr std::int64_t kLargestCifarImage = 32;
constexpr float kTorchvisionEpsilon = 1e-5f;

models::InputChannels input_channels(const data::Source& source) {
  return {.image = source.layout().channels, .planes = source.layout().bit_planes};
}

std::int64_t channels(const models::EncoderOptions& options, const data::Source& source) {
  return models::prepared_channels(options.input, input_channels(source));
}

/// Throws unless the normalisation is for as many channels as images have.
void check_input(const models::InputOptions& options, const data::Source& source) {
  const auto given = static_cast<std::int64_t>(options.normalization.mean.size());
  const std::int64_t colours = models::prepared_channels(options, {.image = source.layout().channels, .planes = 0});
  if (given <= 1 || given == colours) return;
  throw engine::DataError(engine::concat(
      "--normalize ", options.normalization.text(), " is for images of ", given, " channels, and ", source.describe(),
      " has ", colours, colours == 1 ? "; with --set model.gray_as_rgb=on it has three equal ones" : ""));
}

ResNet::Stem stem(StemChoice choice, const data::Source& source) {
  const engine::Shape image = data::view_shape(source);
  switch (choice) {
    case StemChoice::automatic: break;
    case StemChoice::cifar: return ResNet::Stem::cifar;
    case StemChoice::imagenet: return ResNet::Stem::imagenet;
  }
  return std::max(image[0], image[1]) <= kLargestCifarImage ? ResNet::Stem::cifar : ResNet::Stem::imagenet;
}

/// The depth of a ResNet; nothing for other encoders.
std::optional<int> depth_of(Architecture arch) {
  switch (arch) {
    case Architecture::convn: return std::nullopt;
    case Architecture::resnet18: return 18;
    case Architecture::resnet34: return 34;
    case Architecture::resnet50: return 50;
    case Architecture::resnet101: return 101;
    case Architecture::resnet152: return 152;
  }
  return std::nullopt;
}

/// The channel counts that the width multiplies.
std::vector<std::int64_t> unscaled_channels(const models::EncoderOptions& options) {
  if (!depth_of(options.arch)) return {ConvN::kChannels.begin(), ConvN::kChannels.end()};
  std::vector<std::int64_t> channels;
  for (int group = 0; group < ResNet::kGroups; ++group) channels.push_back(options.resnet.base_channels << group);
  return channels;
}

/// Returns nothing for other encoders.
std::optional<ResNet::Options> resnet_options(const models::EncoderOptions& options, const data::Source& source) {
  const std::optional<int> depth = depth_of(options.arch);
  if (!depth) return std::nullopt;
  ResNet::Options resnet = options.resnet;
  resnet.depth = *depth;
  resnet.in_channels = channels(options, source);
  resnet.stem = stem(options.stem, source);
  return resnet;
}

/// Without what prepares its input.
std::unique_ptr<models::Encoder> bare_encoder(const engine::Scope& scope, const models::EncoderOptions& options,
                                              const data::Source& source) {
  if (const auto resnet = resnet_options(options, source)) return std::make_unique<ResNet>(scope, *resnet);
  const engine::Shape image = data::view_shape(source);
  if (std::min(image[0], image[1]) < ConvN::kSmallestImage) {
    const bool resized = source.layout().view.has_value();
    throw engine::DataError(engine::concat(
        source.describe(), resized ? " is seen in views of " : " has images of ", image[0], " x ", image[1],
        ", and --arch convn needs at least ", ConvN::kSmallestImage, " x ", ConvN::kSmallestImage,
        "; a ResNet takes any size", resized ? ", or give a larger --image-size" : ""));
  }
  ConvN::Options convn = options.convn;
  convn.in_channels = channels(options, source);
  convn.image_height = image[0];
  convn.image_width = image[1];
  return std::make_unique<ConvN>(scope, convn);
}

}  // namespace

std::unique_ptr<models::Encoder> make_encoder(const engine::Scope& scope, const models::EncoderOptions& options,
                                              const data::Source& source) {
  check_input(options.input, source);
  std::unique_ptr<models::Encoder> encoder = bare_encoder(scope, options, source);
  if (options.input == models::InputOptions{}) return encoder;
  return std::make_unique<models::PreparedInput>(std::move(encoder), options.input, input_channels(source));
}

std::optional<std::string> rounded_channels(const models::EncoderOptions& options) {
  const double width = options.convn.width;  // the same for all encoders
  std::string asked, given;
  bool rounded = false;
  for (const std::int64_t channels : unscaled_channels(options)) {
    const double scaled = static_cast<double>(channels) * width;
    const std::int64_t count = models::scaled_channels(channels, width);
    const char* comma = asked.empty() ? "" : ", ";
    asked += engine::concat(comma, scaled);
    given += engine::concat(comma, count);
    rounded |= static_cast<double>(count) != scaled;
  }
  if (!rounded) return std::nullopt;
  return engine::concat("model.width = ", width, ": channel counts are rounded to multiples of 8: ", given,
                        " instead of ", asked);
}

std::map<std::string, std::string> describe_encoder(const models::EncoderOptions& options, const data::Source& source) {
  std::map<std::string, std::string> description{{"arch", std::string(engine::name(options.arch))},
                                                 {"in_chans", std::to_string(channels(options, source))}};
  if (const auto resnet = resnet_options(options, source)) {
    description["variant"] = engine::name(resnet->variant);
    description["stem"] = engine::name(resnet->stem);
    if (resnet->selective_kernels) description["selective_kernels"] = "on";
  }
  const float epsilon = options.resnet.batch_norm.epsilon;  // the same for all encoders
  if (epsilon != kTorchvisionEpsilon) description["bn_eps"] = engine::concat(epsilon);
  if (const models::Normalization& normal = options.input.normalization) {
    description["mean"] = normal.mean_text();
    description["std"] = normal.std_text();
  }
  return description;
}

std::string fits_torchvision(const models::EncoderOptions& options, const data::Source& source) {
  const auto resnet = resnet_options(options, source);
  if (!resnet) return engine::concat("no: torchvision has no ", engine::name(options.arch));
  if (resnet->selective_kernels) {
    return engine::concat("no: ", resnet->depth < 50 ? "" : "selective kernels and ", "ResNet-D's stem and shortcuts");
  }
  if (resnet->variant == ResNet::Variant::simclr) {
    return resnet->depth < 50 ? "no: SimCLR's shortcut in layer1 and padding of the pooling"
                              : "no: SimCLR's padding of the pooling";
  }
  if (resnet->stem == ResNet::Stem::cifar) return "no: a 3x3 stem without pooling";
  if (resnet->width != 1) return engine::concat("no: ", resnet->width, " times as wide");
  if (resnet->in_channels != 3) return engine::concat("no: ", resnet->in_channels, " input channels instead of 3");
  if (resnet->batch_norm.epsilon != kTorchvisionEpsilon) {
    return engine::concat("no: batch norm's epsilon is ", resnet->batch_norm.epsilon, " instead of ",
                          kTorchvisionEpsilon);
  }
  return "yes";
}

}  // namespace apps
