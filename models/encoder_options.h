#pragma once
#include "kernels/runtime/names.h"
#include "models/conv_n.h"
#include "models/prepared_input.h"
#include "models/resnet.h"

namespace models {

enum class Architecture { convn, resnet18, resnet34, resnet50, resnet101, resnet152 };

/// The stem of a ResNet; automatic: chosen by image size.
enum class StemChoice { automatic, cifar, imagenet };

/// An encoder's name, and the options of each one. Channels, depth, stem and the size of images follow from the data
/// and the other options.
struct EncoderOptions {
  Architecture arch = Architecture::convn;
  StemChoice stem = StemChoice::automatic;
  InputOptions input;
  ConvN::Options convn{.batch_norm{.unbiased_variance = true}};
  ResNet::Options resnet{.batch_norm{.unbiased_variance = true}};
  bool operator==(const EncoderOptions&) const = default;
};

}  // namespace models

template <>
inline constexpr std::array engine::kNames<models::Architecture> = {"convn",    "resnet18",  "resnet34",
                                                                    "resnet50", "resnet101", "resnet152"};
template <>
inline constexpr std::array engine::kNames<models::StemChoice> = {"auto", "cifar", "imagenet"};
