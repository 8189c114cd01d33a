#include "models/conv2d.h"

namespace models {

using engine::Tensor;

Conv2d::Conv2d(const engine::Scope& scope, const Options& options)
    : weight(scope.add("weight", {options.out, options.size, options.size, options.in}, engine::ParameterKind::kernel,
                       options.kernel)),
      geometry{.stride = options.stride, .pad = options.pad} {}

Tensor Conv2d::operator()(const Tensor& x, engine::Mode mode) const {
  const engine::LayerRange layer(x.context(), weight.layer());
  return engine::conv2d(x, weight.tensor(mode, x.dtype()), geometry);
}

}  // namespace models
