#include "models/convolution.h"

#include "engine/ops/conv2d.h"

namespace models {

using engine::Mode;
using engine::Tensor;

Tensor Convolution::operator()(const Tensor& x, Mode mode, const engine::BatchNormEpilogue& epilogue) const {
  const auto convolve = [&]() -> engine::WithChannelSums {
    const engine::LayerRange layer(x.context(), weight.layer());
    const Tensor filter = weight.tensor(mode, x.dtype());
    const engine::Conv2dOptions options{.stride = stride, .pad = pad};
    if (mode == Mode::train) return conv2d_summed(x, filter, options);
    return conv2d(x, filter, options);
  };
  return batch_norm(convolve(), mode, epilogue);
}

}  // namespace models
