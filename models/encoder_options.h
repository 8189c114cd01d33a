#pragma once
#include "kernels/runtime/names.h"
#include "models/conv_n.h"
#include "models/resnet.h"

namespace models {

enum class Architecture { convn, resnet18, resnet34 };

/// Of a ResNet; automatic: by the size of the images.
enum class StemChoice { automatic, cifar, imagenet };

/// An encoder, and the options of each that it may be. Channels, depth and stem follow from the data and the rest.
struct EncoderOptions {
  Architecture arch = Architecture::convn;
  StemChoice stem = StemChoice::automatic;
  ConvN::Options convn{.batch_norm{.unbiased_variance = true}};
  ResNet::Options resnet{.batch_norm{.unbiased_variance = true}};
  bool operator==(const EncoderOptions&) const = default;
};

}  // namespace models

template <>
inline constexpr std::array engine::kNames<models::Architecture> = {"convn", "resnet18", "resnet34"};
template <>
inline constexpr std::array engine::kNames<models::StemChoice> = {"auto", "cifar", "imagenet"};
