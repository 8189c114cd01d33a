#include "models/conv_bn.h"

namespace models {

engine::Tensor ConvBn::operator()(const engine::Tensor& x, engine::Mode mode,
                                  const engine::BatchNormEpilogue& epilogue) const {
  return batch_norm(convolution(x, mode), mode, epilogue);
}

}  // namespace models
