#include "models/linear.h"

namespace models {

using engine::ParameterKind;
using engine::Tensor;

Linear::Linear(const engine::Scope& scope, const Options& options)
    : weight(scope.add("weight", {options.out, options.in}, ParameterKind::kernel, options.kernel)) {
  if (options.bias) bias = scope.add("bias", {options.out}, ParameterKind::bias, engine::Initializer::constant(0));
}

Tensor Linear::operator()(const Tensor& x, engine::Mode mode, engine::LinearOptions options) const {
  const engine::LayerRange layer(x.context(), weight.layer());
  return engine::linear(x, weight.tensor(mode, x.dtype()), bias ? bias->tensor(mode) : Tensor(), options);
}

}  // namespace models
