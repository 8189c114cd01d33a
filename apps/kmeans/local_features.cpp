#include "apps/kmeans/local_features.h"

#include <algorithm>

#include "apps/run/checkpoint.h"
#include "apps/run/exit_code.h"
#include "engine/ops/l2_normalize.h"
#include "models/encoder.h"

namespace apps {
namespace {

using engine::concat;
using engine::Tensor;

/// The file with the weights: that of the settings, or that of the run's newest checkpoint.
PretrainedOptions weights_of(const KMeansSettings& settings) {
  if (settings.run.empty()) return settings.pretrained;
  const auto checkpoint = Checkpoints(settings.run, settings.config.run.keep).newest();
  if (!checkpoint) throw UsageError(settings.run + " has no checkpoint yet; let pretrain finish an epoch first");
  return {.file = checkpoint->directory / kModelFile};
}

/// The taps of the encoder that are meant; without any, the last.
std::vector<std::string> chosen(const models::Encoder& encoder, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  std::string text;
  for (const models::Tap& tap : encoder.taps()) {
    if (!tap.spatial) continue;
    known.push_back(tap.name);
    text += concat(text.empty() ? "" : ", ", tap.name);
  }
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError(concat("--tap must be of this encoder's ", text, ", got '", name, "'"));
  }
  return names.empty() ? std::vector{known.back()} : names;
}

class EncoderFeatures final : public LocalFeatureSource {
 public:
  EncoderFeatures(const engine::Context& context, const KMeansSettings& settings, const data::Source& source)
      : weights_(weights_of(settings)),
        encoder_(load_pretrained(context, weights_, source)),
        names_(chosen(*encoder_.encoder, settings.taps)) {}

  const std::vector<std::string>& names() const override { return names_; }
  std::string describe() const override {
    const double width = encoder_.options.convn.width;  // the same for all encoders
    return concat(engine::name(encoder_.options.arch), width == 1 ? "" : concat(" of width ", width), ", ",
                  weights_.file.string());
  }

  std::vector<LocalFeatures> operator()(const Tensor& image) const override {
    models::Taps taps(names_);
    static_cast<void>(encoder_.encoder->forward(image, engine::Mode::evaluate, &taps));
    std::vector<LocalFeatures> features;
    for (const std::string& name : names_) {
      const Tensor& activation = taps.at(name);  // [1,h,w,C], after the ReLU
      const engine::Shape& shape = activation.shape();
      const Tensor rows = engine::l2_normalize(activation.view_as({shape[1] * shape[2], shape[3]}));
      features.push_back({.grid = {shape[1], shape[2]}, .values = rows});
    }
    return features;
  }

 private:
  PretrainedOptions weights_;
  PretrainedEncoder encoder_;
  std::vector<std::string> names_;
};

class PixelFeatures final : public LocalFeatureSource {
 public:
  PixelFeatures(const KMeansSettings& settings, const data::Source& source)
      : kind_(settings.raw),
        patch_(settings.patch),
        channels_(source.layout().channels),
        names_{std::string(engine::name(kind_))} {}

  const std::vector<std::string>& names() const override { return names_; }
  std::string describe() const override { return concat("raw ", names_[0], " of ", patch_, " x ", patch_, " pixels"); }

  std::vector<LocalFeatures> operator()(const Tensor& image) const override {
    const engine::Shape& shape = image.shape();
    const data::Extent extent{shape[1], shape[2]}, grid = patch_grid(extent, patch_);
    std::vector<float> pixels = image.to_host<float>();
    if (shape[3] != channels_) {  // planes of bits behind the colours are no pixels
      for (std::int64_t i = 0; i < extent.pixels(); ++i)
        std::copy_n(pixels.begin() + i * shape[3], channels_, pixels.begin() + i * channels_);
      pixels.resize(static_cast<std::size_t>(extent.pixels() * channels_));
    }
    const std::vector<float> values = raw_features(pixels, extent, channels_, patch_, kind_);
    const std::int64_t columns = static_cast<std::int64_t>(values.size()) / grid.pixels();
    return {{.grid = grid, .values = Tensor::from(image.context(), {grid.pixels(), columns}, values)}};
  }

 private:
  RawFeatures kind_;
  std::int64_t patch_, channels_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<LocalFeatureSource> open_local_features(const engine::Context& context, const KMeansSettings& settings,
                                                        const data::Source& source) {
  switch (settings.raw) {
    case RawFeatures::none: break;
    case RawFeatures::patches:
    case RawFeatures::mean_rgb: return std::make_unique<PixelFeatures>(settings, source);
  }
  return std::make_unique<EncoderFeatures>(context, settings, source);
}

data::Extent patch_grid(const data::Extent& image, std::int64_t patch) {
  if (image.height % patch == 0 && image.width % patch == 0) return {image.height / patch, image.width / patch};
  throw engine::DataError(concat("patches of ", patch, " x ", patch, " pixels do not fill images of ", image.height,
                                 " x ", image.width, "; give a --patch that divides both sides, or an --image-size"));
}

std::vector<float> raw_features(const std::vector<float>& pixels, const data::Extent& image, std::int64_t channels,
                                std::int64_t patch, RawFeatures kind) {
  const data::Extent grid = patch_grid(image, patch);
  const std::int64_t row = patch * channels, places = grid.pixels(), per_place = row * patch;
  std::vector<float> flattened;
  flattened.reserve(pixels.size());
  for (std::int64_t place = 0; place < places; ++place) {
    const std::int64_t top = place / grid.width * patch, left = place % grid.width * patch;
    for (std::int64_t y = top; y < top + patch; ++y) {
      const auto from = pixels.begin() + (y * image.width + left) * channels;
      flattened.insert(flattened.end(), from, from + row);
    }
  }
  if (kind == RawFeatures::patches) return flattened;
  std::vector<float> means;
  for (std::int64_t place = 0; place < places; ++place) {
    for (std::int64_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (std::int64_t i = c; i < per_place; i += channels)
        sum += static_cast<double>(flattened[static_cast<std::size_t>(place * per_place + i)]);
      means.push_back(static_cast<float>(sum / static_cast<double>(patch * patch)));
    }
  }
  return means;
}

}  // namespace apps
