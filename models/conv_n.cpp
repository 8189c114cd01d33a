#include "models/conv_n.h"

#include "engine/ops/linear.h"
#include "engine/ops/reshape.h"

namespace models {

using engine::Initializer;
using engine::ParameterKind;
using engine::Part;
using engine::Tensor;

ConvN::ConvN(engine::ParameterSet& parameters, const Options& options)
    : in_channels_(options.in_channels), features_(128 * options.width) {
  BatchNorm::Options batch_norm{.numeric = options.batch_norm};
  std::int64_t in = options.in_channels;
  const std::int64_t channels[] = {32 * options.width, 64 * options.width, 64 * options.width};
  for (int i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i + 1);
    const std::int64_t out = channels[i];
    convolutions_[i] = {
        .weight = parameters.add("encoder.conv" + number + ".weight", {out, 3, 3, in}, ParameterKind::kernel,
                                 Part::encoder, Initializer::glorot_uniform(9 * in, 9 * out)),
        .batch_norm = {parameters, Part::encoder, "encoder.bn" + number, out, batch_norm},
        .stride = 2};
    in = out;
  }
  const std::int64_t flat = 2 * 2 * in;
  dense_ = parameters.add("encoder.dense.weight", {features_, flat}, ParameterKind::kernel, Part::encoder,
                          Initializer::glorot_uniform(flat, features_));
  batch_norm.numeric.unbiased_variance = false;
  dense_batch_norm_ = {parameters, Part::encoder, "encoder.bn4", features_, batch_norm};
}

Tensor ConvN::forward(const Tensor& images, engine::Mode mode) const {
  EXPECTS(images.shape().rank() == 4 && images.shape()[1] == 28 && images.shape()[2] == 28 &&
              images.shape()[3] == in_channels_,
          "convn: images must be [N,28,28,", in_channels_, "], got ", images.shape());
  Tensor x = images;
  for (const Convolution& convolution : convolutions_) x = convolution(x, mode, {.relu = true});
  {
    const engine::LayerRange layer(x.context(), dense_.layer());
    x = engine::linear(engine::flatten(x), dense_.tensor(mode, x.dtype()));
  }
  return dense_batch_norm_(x, mode, {.relu = true});
}

}  // namespace models
