#include "apps/train/network.h"

#include "models/conv_n.h"

namespace apps {

Network::Network(const engine::Context& context, const Config& config, const data::Source& source) {
  if (const engine::Shape& image = source.image_shape(); image[0] != 28 || image[1] != 28) {
    throw engine::DataError(engine::concat(source.describe(), " has images of ", image[0], " x ", image[1],
                                           ", and --arch convn takes 28 x 28 only"));
  }
  const engine::BatchNormOptions batch_norm{.epsilon = static_cast<float>(config.model.bn_eps),
                                            .momentum = static_cast<float>(config.model.bn_momentum),
                                            .unbiased_variance = config.model.bn_unbiased_variance};
  encoder = std::make_unique<models::ConvN>(
      parameters, models::ConvN::Options{.in_channels = source.image_shape()[2] + source.bit_planes(),
                                         .width = config.model.width,
                                         .batch_norm = batch_norm});
  // Keras updates the running variance without the correction after a dense layer, whatever the convolutions do.
  engine::BatchNormOptions dense_batch_norm = batch_norm;
  dense_batch_norm.unbiased_variance = false;
  projector.emplace(parameters, models::ProjectionHead::Options{.in = encoder->features(),
                                                                .layers = config.model.proj_layers,
                                                                .hidden = config.model.proj_hidden,
                                                                .out = config.model.proj_dim,
                                                                .output_batch_norm = config.model.proj_output_bn,
                                                                .glorot = true,
                                                                .batch_norm = dense_batch_norm});
  probe.emplace(parameters, encoder->features(), source.classes(),
                engine::Initializer::glorot_uniform(encoder->features(), source.classes()));
  parameters.allocate(context, static_cast<std::uint64_t>(config.train.seed));
}

}  // namespace apps
