#include "models/conv2d_transpose.h"

namespace models {

using engine::ParameterKind;
using engine::Tensor;

Conv2dTranspose::Conv2dTranspose(const engine::Scope& scope, const Options& options)
    : weight(scope.add("weight", {options.in, options.size, options.size, options.out}, ParameterKind::kernel,
                       options.kernel)),
      geometry(options.geometry) {
  if (options.bias) bias = scope.add("bias", {options.out}, ParameterKind::bias, engine::Initializer::constant(0));
}

Tensor Conv2dTranspose::operator()(const Tensor& x, engine::Mode mode) const {
  const engine::LayerRange layer(x.context(), weight.layer());
  return engine::conv2d_transpose(x, weight.tensor(mode, x.dtype()), bias ? bias->tensor(mode) : Tensor(), geometry);
}

}  // namespace models
