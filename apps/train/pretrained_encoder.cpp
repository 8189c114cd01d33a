#include "apps/train/pretrained_encoder.h"

#include <charconv>

#include "apps/objectives/groups.h"
#include "apps/objectives/make_encoder.h"
#include "apps/train/encoder_file.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

using engine::concat;
using models::ResNet;

constexpr std::int64_t kColours = 3;

/// An entry of a file's metadata; empty if there is none.
std::string entry(const EncoderFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? std::string() : found->second;
}

[[noreturn]] void refuse_entry(const PretrainedOptions& options, const char* key, const std::string& value) {
  throw engine::DataError(concat(options.file.string(), ": its metadata has ", key, " = '", value,
                                 "', which is not understood; remove it"));
}

models::Normalization normalization(const PretrainedOptions& options, const EncoderFile& file, std::int64_t colours) {
  if (options.normalization) return *options.normalization;
  const std::string mean = entry(file, "mean"), std = entry(file, "std");
  if (mean.empty() && std.empty()) {  // only files of ours name their architecture: checkpoints, for images in [0,1]
    const bool foreign = entry(file, "arch").empty();
    return foreign && colours == kColours ? models::Normalization::imagenet() : models::Normalization{};
  }
  if (const auto given = models::Normalization::parse(mean, std)) return *given;
  refuse_entry(options, "mean", mean + " and std = " + std);
}

float epsilon(const PretrainedOptions& options, const EncoderFile& file) {
  const std::string text = entry(file, "bn_eps");
  float value = models::ResNet::Options{}.batch_norm.epsilon;
  if (text.empty()) return value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0 && value < 1))
    refuse_entry(options, "bn_eps", text);
  return value;
}

ResNet::Variant variant(const PretrainedOptions& options, const EncoderFile& file) {
  if (file.recognized()->variant) return *file.recognized()->variant;
  const std::string text = entry(file, "variant");
  if (text.empty()) return ResNet::Variant::torchvision;
  if (const auto named = engine::named<ResNet::Variant>(text)) return *named;
  refuse_entry(options, "variant", text);
}

models::StemChoice stem(ResNet::Stem stem) {
  switch (stem) {
    case ResNet::Stem::cifar: return models::StemChoice::cifar;
    case ResNet::Stem::imagenet: return models::StemChoice::imagenet;
  }
  return models::StemChoice::automatic;
}

models::EncoderOptions encoder_options(const PretrainedOptions& options, const EncoderFile& file,
                                       const data::Source& source) {
  const RecognizedEncoder& known = file.required();
  models::EncoderOptions encoder;
  encoder.arch = options.arch.value_or(known.arch);
  encoder.convn.width = encoder.resnet.width = known.width;
  encoder.convn.batch_norm.epsilon = encoder.resnet.batch_norm.epsilon = epsilon(options, file);
  encoder.resnet.variant = variant(options, file);
  encoder.resnet.selective_kernels = known.selective_kernels;
  if (known.stem) encoder.stem = stem(*known.stem);
  const std::int64_t colours = known.in_channels - source.layout().bit_planes;
  encoder.input = {.normalization = normalization(options, file, colours),
                   .gray_as_rgb = source.layout().channels == 1 && colours == kColours};
  return encoder;
}

}  // namespace

PretrainedEncoder load_pretrained(const engine::Context& context, const PretrainedOptions& options,
                                  const data::Source& source, engine::Dtype dtype) {
  const EncoderFile file(options.file);
  PretrainedEncoder pretrained{.options = encoder_options(options, file, source), .description = file.description()};
  pretrained.encoder = make_encoder(engine::Scope(pretrained.parameters, kEncoder), pretrained.options, source);
  pretrained.parameters.allocate(context, 0, dtype);
  file.load(pretrained.parameters, pretrained.options, source);
  return pretrained;
}

}  // namespace apps
