#include "models/convolution.h"

#include "engine/ops/conv2d.h"

namespace models {

using engine::Mode;
using engine::Tensor;

Tensor Convolution::operator()(const Tensor& x, Mode mode, const engine::BatchNormEpilogue& epilogue) const {
  const auto convolve = [&] {
    const engine::LayerRange layer(x.context(), weight.layer());
    return conv2d(x, weight.tensor(mode, x.dtype()), {.stride = stride, .pad = pad});
  };
  return batch_norm(convolve(), mode, epilogue);
}

}  // namespace models
